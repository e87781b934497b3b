// What the service manager is told (sd_notify(3)): readiness, stopping, the watchdog.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "daemon.h"

namespace lastbyte::proxy::test {
namespace {

/// The service manager's end of NOTIFY_SOCKET, in the abstract name space: nothing is left behind.
class Manager {
 public:
  Manager() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    name_ = "lastbyte-notify-test-" + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  }

  [[nodiscard]] std::string environment() const { return "@" + name_; }

  /// Waits for a message that holds `part`; that message.
  [[nodiscard]] std::string message_with(const std::string& part) const {
    for (;;) {
      std::array<char, 4096> some{};
      const ssize_t count = ::recv(socket_.get(), some.data(), some.size(), 0);
      if (count <= 0) return {};
      std::string message(some.data(), static_cast<std::size_t>(count));
      if (message.find(part) != std::string::npos) return message;
    }
  }

 private:
  Descriptor socket_;
  std::string name_;
};

TEST(Notify, readiness_means_that_clients_can_connect_and_stopping_is_told) {
  const Manager manager;
  const Descriptor upstream = listen_anywhere();
  auto config = forwarding_to(port_of(upstream));
  config.drain = std::chrono::milliseconds(0);
  Daemon daemon(config, [&] { ::setenv("NOTIFY_SOCKET", manager.environment().c_str(), 1); });
  EXPECT_NE(manager.message_with("READY=1").find("STATUS="), std::string::npos);
  EXPECT_TRUE(connect_to(daemon.port()));
  daemon.signal(SIGTERM);
  EXPECT_NE(manager.message_with("STOPPING=1"), "");
  EXPECT_EQ(daemon.exit_status(), 0);
}

TEST(Notify, the_watchdog_is_petted_again_and_again) {
  const Manager manager;
  Daemon daemon(forwarding_to(9), [&] {
    ::setenv("NOTIFY_SOCKET", manager.environment().c_str(), 1);
    ::setenv("WATCHDOG_USEC", "20000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  });
  for (int each = 0; each < 5; ++each) EXPECT_NE(manager.message_with("WATCHDOG=1"), "");
}

}  // namespace
}  // namespace lastbyte::proxy::test
