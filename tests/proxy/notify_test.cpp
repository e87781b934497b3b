// What the daemon sends to the service manager (sd_notify(3)): readiness, stopping, the watchdog.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "proxy/proxy.h"
#include "tests/proxy/daemon.h"

namespace lastbyte::proxy::test {
namespace {

/// The service manager's end of NOTIFY_SOCKET. It is in the abstract name space, so it leaves no file.
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

  /// Returns the next message; "": none came within that time.
  [[nodiscard]] std::string next_within(std::chrono::milliseconds time) const {
    pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(time.count())) != 1) return {};
    std::array<char, 4096> some{};
    const ssize_t count = ::recv(socket_.get(), some.data(), some.size(), 0);
    return {some.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }

  /// Waits for a message that contains `part` and returns it.
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

/// Starts a daemon that must notify the watchdog every 10 ms.
std::unique_ptr<Daemon> watched(const Manager& manager, unsigned workers) {
  auto config = forwarding_to(9);
  config.workers = workers;
  return std::make_unique<Daemon>(config, [&] {
    ::setenv("NOTIFY_SOCKET", manager.environment().c_str(), 1);
    ::setenv("WATCHDOG_USEC", "20000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  });
}

TEST(Notify, a_reload_is_told_from_its_begin_to_its_end_whether_it_succeeds_or_not) {
  const Manager manager;
  const auto config = forwarding_to(9);
  Daemon daemon([&] {
    ::setenv("NOTIFY_SOCKET", manager.environment().c_str(), 1);
    return run(config, [&, good = false]() mutable {
      good = !good;
      if (good) return config::Loaded{config, {}, {{{"file", 7, 1}, "dangerous"}}};
      return config::Loaded{std::nullopt, {{{"file", 1, 1}, "wrong"}}};
    });
  });
  EXPECT_NE(manager.message_with("READY=1"), "");
  for (const char* last : {"1 as before", "nothing was changed"}) {
    daemon.signal(SIGHUP);
    EXPECT_NE(manager.message_with("RELOADING=1").find("MONOTONIC_USEC="), std::string::npos);
    EXPECT_NE(manager.message_with("READY=1").find("STATUS=serving"), std::string::npos);
    if (std::string_view(last) == "1 as before") {
      EXPECT_NE(daemon.line_with("warning: file:7:1: dangerous"), "");
    }
    EXPECT_NE(daemon.line_with(last), "");
  }
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.exit_status(), 0);
}

TEST(Notify, a_reload_that_failed_is_in_the_status_until_one_succeeds) {
  const Manager manager;
  const auto config = forwarding_to(9);
  Daemon daemon([&] {
    ::setenv("NOTIFY_SOCKET", manager.environment().c_str(), 1);
    return run(config, [&, round = 0]() mutable {
      switch (round++) {
        case 0: return config::Loaded{std::nullopt, {{{"file", 1, 1}, "wrong"}, {{"file", 2, 2}, "wrong too"}}};
        case 1: {
          auto elsewhere = config;
          elsewhere.forwardings.front().listen = net::Endpoint::tcp("192.0.2.77", 1);
          return config::Loaded{elsewhere, {}};
        }
        default: return config::Loaded{config, {}};
      }
    });
  });
  EXPECT_NE(manager.message_with("READY=1"), "");
  const auto reload = [&] {
    daemon.signal(SIGHUP);
    return manager.message_with("READY=1");
  };
  const std::string failed = "; the last reload failed and changed nothing: ";
  EXPECT_NE(reload().find(failed + "file:1:1: wrong (and 1 more)"), std::string::npos);
  EXPECT_NE(manager.message_with("STATUS=serving").find(failed), std::string::npos) << "the next look says so, too";
  EXPECT_NE(reload().find(failed + "forwarding '"), std::string::npos);
  EXPECT_EQ(reload().find("failed"), std::string::npos);
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.exit_status(), 0);
}

TEST(Notify, the_watchdog_is_petted_again_and_again) {
  const Manager manager;
  const auto daemon = watched(manager, 2);
  for (int each = 0; each < 5; ++each) EXPECT_NE(manager.message_with("WATCHDOG=1"), "");
}

/// A thread of another process, held by ptrace(2) as if it were stuck.
class HeldThread {
 public:
  HeldThread(pid_t process, const std::string& name) : thread_(find(process, name)) {
    if (::ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) != 0) return;
    is_held_ =
        ::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) == 0 && ::waitpid(thread_, nullptr, __WALL) == thread_;
  }
  ~HeldThread() { ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr); }
  HeldThread(const HeldThread&) = delete;
  HeldThread& operator=(const HeldThread&) = delete;

  [[nodiscard]] bool is_held() const { return is_held_; }

 private:
  static pid_t find(pid_t process, const std::string& name) {
    pid_t found = -1;
    // The thread sets its name when it begins to run.
    EXPECT_TRUE(eventually([&] { return (found = look_for(process, name)) > 0; }));
    return found;
  }
  static pid_t look_for(pid_t process, const std::string& name) {
    for (const auto& each : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
      std::string comm;
      std::getline(std::ifstream(each.path() / "comm"), comm);
      if (comm == name) return std::stoi(each.path().filename());
    }
    return -1;
  }

  pid_t thread_;
  bool is_held_ = false;
};

TEST(Notify, a_worker_that_is_stuck_ends_the_petting) {
  const Manager manager;
  const auto daemon = watched(manager, 2);
  EXPECT_NE(manager.message_with("WATCHDOG=1"), "");
  for (const std::string worker : {"worker-0", "worker-1"}) {
    {
      const HeldThread held(daemon->pid(), worker);
      if (!held.is_held()) GTEST_SKIP() << "ptrace(2) is not allowed here";
      // Two messages may still come: one that was on its way, and one for what the worker had answered before it was
      // held.
      std::string last;
      for (int late = 0; late < 3; ++late) last = manager.next_within(std::chrono::milliseconds(300));
      EXPECT_EQ(last, "") << worker;
    }
    EXPECT_NE(manager.message_with("WATCHDOG=1"), "") << "it goes on once the worker does";
  }
}

}  // namespace
}  // namespace lastbyte::proxy::test
