// A network namespace for one test, watched at one level, with a capture of its segments.
#pragma once

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "kernel/proc/owner.h"
#include "kernel/reset/reasons.h"
#include "kernel/watch/source.h"
#include "net/socket/calls.h"
#include "tests/harness/loopback.h"
#include "tests/kernel/bpf/segments.h"

namespace lastbyte::kernel::test {

/// Begins to connect. Whether the client arrives does not matter.
inline Descriptor start_towards(const net::Address& to) {
  Descriptor client(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::connect(client.get(), to.data(), to.size());
  return client;
}

/// Sets an option of TCP.
inline void set_tcp(const Descriptor& socket, int option, int value) {
  ASSERT_EQ(::setsockopt(socket.get(), IPPROTO_TCP, option, &value, sizeof value), 0);
}
inline void set_linger_0(const Descriptor& socket) {
  const linger now{1, 0};
  ASSERT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
}
inline std::string local(const Descriptor& socket) { return net::local_address(socket.get()).text(); }

class Reasons : public ::testing::TestWithParam<Level> {
 protected:
  /// Runs `body` in a watched network namespace of its own.
  void watched(const std::function<void()>& body) {
    std::string why_not;
    const bool ran = net::test::in_own_network("ipv4/tcp_fin_timeout", "60", [&] {
      if (GetParam() == Level::tracefs &&
          (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
           ::mount("none", "/sys/kernel/tracing", "tracefs", 0, nullptr) != 0)) {
        why_not = "tracefs cannot be mounted here";
        return;
      }
      SourceSettings settings;
      settings.kinds = kinds_of(GetParam());
      auto opened = open_source(settings, GetParam());
      if (!opened) {
        why_not = opened.error().text();
        return;
      }
      source_ = std::move(opened->source);
      wire_.emplace();
      network_ = own_network_inode();
      body();
      source_.reset();
    });
    if (!ran) GTEST_SKIP() << "no network namespace of its own here";
    if (!why_not.empty()) GTEST_SKIP() << why_not;
  }

  void gather() {
    const auto keep = [this](const TcpEvent& event) {
      if (event.network == 0 || event.network == network_) events_.push_back(event);
    };
    ASSERT_TRUE(source_->take({.event = keep, .counted = {}}));
    for (const Segment& each : wire_->take())
      if ((each.flags & kRst) != 0) resets_.push_back(each.from + " " + each.to);
  }

  /// Waits for an event of that kind between these two addresses.
  TcpEvent wait_for(EventKind kind, const std::string& local, const std::string& remote) {
    TcpEvent found;
    EXPECT_TRUE(net::test::eventually([&] {
      gather();
      for (const TcpEvent& each : events_) {
        if (each.kind != kind || each.local.text() != local || each.remote.text() != remote) continue;
        found = each;
        return true;
      }
      return false;
    })) << kind_text(kind)
        << " " << local << " " << remote << ": not told, among " << events_.size();
    return found;
  }
  /// Expects a reset sent for `reason`, and the same reset on the wire.
  TcpEvent expect_sent(const std::string& reason, const std::string& local, const std::string& remote) {
    TcpEvent event = wait_for(EventKind::reset_sent, local, remote);
    static const bool has_reasons = running_kernel_reasons().has_value();
    EXPECT_EQ(event.reason, has_reasons ? reason : std::string()) << "kernels before 6.10 have none";
    EXPECT_TRUE(net::test::eventually([&] {
      gather();
      return std::ranges::find(resets_, local + " " + remote) != resets_.end();
    })) << "reported, but not on the wire";
    return event;
  }
  [[nodiscard]] bool by_programs() const { return GetParam() != Level::tracefs; }
  void expect_mine(const TcpEvent& event) const {
    if (!by_programs()) return;
    EXPECT_EQ(event.owner.pid, static_cast<std::uint32_t>(::getpid()));
    EXPECT_EQ(event.network, network_);
    ASSERT_TRUE(event.age);
    EXPECT_FALSE(event.age_at_least);
    EXPECT_LT(*event.age, std::chrono::seconds(60));
  }

  std::unique_ptr<EventSource> source_;
  std::optional<Listening> wire_;
  std::uint32_t network_ = 0;
  std::deque<TcpEvent> events_;
  std::vector<std::string> resets_;
};

inline std::string level_name(const ::testing::TestParamInfo<Level>& each) {
  return std::string(level_word(each.param));
}

}  // namespace lastbyte::kernel::test
