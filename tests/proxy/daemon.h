// serve() in a child process, as main() would run it, with its standard error read line by line; and small blocking
// clients and servers to talk through it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "config/settings/config.h"
#include "tests/harness/eventually.h"
#include "tests/harness/forked.h"

namespace lastbyte::proxy::test {

using lastbyte::test::eventually;

class Daemon {
 public:
  /// Runs `prepare` and then serves `config`, in a child.
  explicit Daemon(const config::Config& config, const std::function<void()>& prepare = {});
  /// Runs any program text in the child; its result is the exit status.
  explicit Daemon(const std::function<int()>& body);

  /// Reads on until a line holds `part`; that line. The test's own time limit is the bound; empty when the child ended.
  std::string line_with(const std::string& part);
  /// All lines up to the child's end.
  std::vector<std::string> all_lines();
  /// Of the first "listening on 127.0.0.1:PORT".
  std::uint16_t port();
  [[nodiscard]] pid_t pid() const { return child_->pid(); }
  void signal(int number) const { child_->signal(number); }
  /// Waits for its end; the exit status, or 1000 + the signal that killed it.
  int exit_status() { return child_->exit_status(); }
  /// The reading end of its standard error.
  [[nodiscard]] Descriptor& standard_error() { return error_; }

 private:
  std::optional<std::string> next_line();

  std::optional<lastbyte::test::Forked> child_;  ///< killed where it still runs
  Descriptor error_;
  std::string buffer_;
  std::vector<std::string> seen_;
};

/// One forwarding from a port of the kernel's choice to `upstream`, one worker.
config::Config forwarding_to(std::uint16_t upstream);

/// A blocking listening socket on 127.0.0.1, and its port.
Descriptor listen_anywhere();
std::uint16_t port_of(const Descriptor& socket);
Descriptor connect_to(std::uint16_t port);
Descriptor accept_one(const Descriptor& listening);
void send_all(const Descriptor& socket, const std::string& bytes);
/// Up to the end of file; " RST" is appended where it ended with a reset.
std::string receive_all(const Descriptor& socket);

}  // namespace lastbyte::proxy::test
