// Runs serve() in a child process, as main() would, and reads its standard error line by line. Also small blocking
// clients and servers.
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
  /// Runs `prepare` in a child, and then serves `config` there.
  explicit Daemon(const config::Config& config, const std::function<void()>& prepare = {});
  /// Runs `body` in the child. Its result is the exit status.
  explicit Daemon(const std::function<int()>& body);

  /// Reads until a line contains `part`, and returns that line; empty: the child ended first. Only the test's own time
  /// limit bounds the wait.
  std::string line_with(const std::string& part);
  /// Returns all lines up to the child's end.
  std::vector<std::string> all_lines();
  /// Returns the port of the first "listening on 127.0.0.1:PORT".
  std::uint16_t port();
  [[nodiscard]] pid_t pid() const { return child_->pid(); }
  void signal(int number) const { child_->signal(number); }
  /// Waits for the child's end. Returns the exit status, or 1000 + the signal that killed it.
  int exit_status() { return child_->exit_status(); }
  /// The read end of its standard error.
  [[nodiscard]] Descriptor& standard_error() { return error_; }

 private:
  std::optional<std::string> next_line();

  std::optional<lastbyte::test::Forked> child_;  ///< killed if it still runs
  Descriptor error_;
  std::string buffer_;
  std::vector<std::string> seen_;
};

/// Returns a configuration with one worker and one forwarding, from a port that the kernel chooses to `upstream`.
config::Config forwarding_to(std::uint16_t upstream);

/// Returns a blocking listening socket on 127.0.0.1.
Descriptor listen_anywhere();
std::uint16_t port_of(const Descriptor& socket);
Descriptor connect_to(std::uint16_t port);
Descriptor accept_one(const Descriptor& listening);
void send_all(const Descriptor& socket, const std::string& bytes);
/// Reads to the end of file. Appends " RST" if the connection ended with a reset.
std::string receive_all(const Descriptor& socket);

}  // namespace lastbyte::proxy::test
