// A "container": a process in a network namespace of its own, and peers inside it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "tests/harness/process.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {

class Container {
 public:
  Container();

  /// False: this machine does not allow it, or lacks unshare(1) or ip(8).
  [[nodiscard]] bool up() const { return up_; }
  /// The name of its network in settings.
  [[nodiscard]] std::string name() const { return "pid:" + std::to_string(process_.pid()); }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  [[nodiscard]] int network() const { return network_.get(); }
  /// Runs a shell script in its network. Returns the script's standard error; nullopt: it ended with status 0.
  [[nodiscard]] std::optional<std::string> shell(const std::string& text) const;
  void kill();

 private:
  Process process_;
  bool up_ = false;
  Descriptor network_;
};

/// Gives the calling thread, and the programs that it starts, a private /run/netns. Returns false without the right to
/// do so.
bool own_run();

/// The place of a peer: a container, or here if null.
using Place = const Container*;

void run_at(Place place, const std::function<void()>& function);

Server serve_at(Place place, std::string_view text, const net::Address& listen = Server::loopback(),
                std::optional<std::uint32_t> connections = 1);

Observed connect_at(Place place, const net::Address& to, std::string_view text);

}  // namespace lastbyte::system_test
