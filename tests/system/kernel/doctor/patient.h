// A network namespace that a test makes sick, and what `lastbyte doctor` finds in it.
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

/// An address of the namespace outside loopback.
inline constexpr const char* kOutside = "192.0.2.1";

class Patient {
 public:
  [[nodiscard]] bool exists() const { return static_cast<bool>(network_); }
  [[nodiscard]] std::string path() const { return network_.path(); }
  /// Runs on a thread inside the namespace.
  void inside(const std::function<void()>& body) const;

  // For the functions that make it sick. They all run inside.
  /// Writes a setting below /proc/sys/net: "ipv4/tcp_timestamps". If that fails, missing() says so.
  void set(const std::string& setting, const std::string& value);
  void keep(Descriptor socket) { kept_.push_back(std::move(socket)); }
  void keep(net::test::Pair pair);
  /// Listens on 127.0.0.1:`port`. The port must be below all ranges of local ports.
  static Descriptor listener(std::uint16_t port, int backlog = 1024, const char* ip = "127.0.0.1");
  /// Connects from any port to such a listener.
  static net::test::Pair connection_to(const Descriptor& listener);
  /// Connects to kOutside.
  net::test::Pair connection_outside();
  /// Makes a connection whose client's end closes first and enters TIME_WAIT. Returns true if it was made.
  static bool rest_in_time_wait(const Descriptor& listener);

  /// Makes the doctor examine a child that holds all sockets of the test and has run `prepare`.
  void look_at_a_process(std::function<void()> prepare = [] {});
  /// Makes the doctor run on a thread that has called `restrict`: a thread's restrictions also hold for its children.
  void look_after(std::function<void()> restrict) { restrict_ = std::move(restrict); }
  void look_with(std::vector<std::string> arguments) { arguments_ = std::move(arguments); }

  /// Returns the doctor's report. status() is then its exit status.
  nlohmann::json examine(const std::vector<std::string>& more = {});
  [[nodiscard]] int status() const { return status_; }
  /// Returns the ids of a report's findings. Findings about what this machine forbids count only if the test forbade
  /// it.
  [[nodiscard]] Ids ids(const nlohmann::json& report) const;
  /// Runs a finding's command in a shell outside of the namespace. Returns false if the finding has no command for it.
  bool mend(const nlohmann::json& report, const std::string& id);

  /// Returns why the sickness cannot be made here; empty: it can.
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

/// Installs a seccomp filter on the calling thread: the system call fails with EPERM. -1: no call fails.
bool forbid_system_call(long number);

}  // namespace lastbyte::system_test
