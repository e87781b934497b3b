// A network namespace that is made sick on purpose, and what `lastbyte doctor` finds in it.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "tests/harness/forked.h"
#include "tests/harness/loopback.h"
#include "tests/harness/own_network.h"

namespace lastbyte::system_test {

using Ids = std::set<std::string>;

/// An address of the namespace that is not that of loopback.
inline constexpr const char* kOutside = "192.0.2.1";

class Patient {
 public:
  [[nodiscard]] bool exists() const { return static_cast<bool>(network_); }
  [[nodiscard]] std::string path() const { return network_.path(); }
  /// On a thread inside of the namespace.
  void inside(const std::function<void()>& body) const;

  // For those who make it sick; all of this inside.
  /// "ipv4/tcp_timestamps" below /proc/sys/net; where it cannot be written, missing() says so.
  void set(const std::string& setting, const std::string& value);
  void keep(Descriptor socket) { kept_.push_back(std::move(socket)); }
  void keep(net::test::Pair pair);
  /// A listener on 127.0.0.1:`port`, which is below all ranges of local ports.
  static Descriptor listener(std::uint16_t port, int backlog = 1024, const char* ip = "127.0.0.1");
  /// A connection from any port to such a listener.
  static net::test::Pair connection_to(const Descriptor& listener);
  /// A connection to kOutside.
  net::test::Pair connection_outside();
  /// A connection whose client's end closed first, and is in TIME_WAIT: true where it was made.
  static bool rest_in_time_wait(const Descriptor& listener);

  /// The doctor looks at a child that holds all sockets of the test, after it has done this.
  void look_at_a_process(std::function<void()> prepare = [] {});
  /// The doctor runs on a thread that has done this: what a thread forbids itself holds for its children.
  void look_after(std::function<void()> restrict) { restrict_ = std::move(restrict); }
  void look_with(std::vector<std::string> arguments) { arguments_ = std::move(arguments); }

  /// What the doctor says; status() is its exit status then.
  nlohmann::json examine(const std::vector<std::string>& more = {});
  [[nodiscard]] int status() const { return status_; }
  /// Ids of the findings of a report. What this machine forbids is none, unless the test forbade it.
  [[nodiscard]] Ids ids(const nlohmann::json& report) const;
  /// Runs what a finding says in a shell, from outside of the namespace; false: it has no command for the namespace.
  bool mend(const nlohmann::json& report, const std::string& id);

  /// Why the sickness cannot be made here; empty: it can.
  [[nodiscard]] const std::string& missing() const { return missing_; }
  void say_missing(const std::string& why) { missing_ = why; }

 private:
  net::test::OwnNetwork network_;
  std::vector<Descriptor> kept_;
  std::optional<std::function<void()>> in_process_;
  std::unique_ptr<test::Forked> process_;
  std::function<void()> restrict_;
  std::vector<std::string> arguments_;
  std::string missing_;
  int status_ = -1;
};

/// Installs a seccomp filter on the calling thread by which the system call fails with EPERM; -1: nothing fails.
bool forbid_system_call(long number);

}  // namespace lastbyte::system_test
