// Directories for tests: with snapshots and messages to wait for, with a DNS server, with checks.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "probe/directory.h"
#include "tests/harness/eventually.h"
#include "tests/probe/harness/dns_server.h"

namespace lastbyte::probe {

using test::DnsServer;
using upstream::Observation;
using upstream::State;

inline constexpr Duration kPatience{20'000};

inline upstream::Member member(const std::string& host, std::uint16_t port = 80) {
  upstream::Member out;
  out.endpoint = net::Endpoint::tcp(host, port);
  return out;
}

inline upstream::Group group_of(std::vector<upstream::Member> members, std::string name = "web") {
  upstream::Group group;
  group.name = std::move(name);
  group.members = std::move(members);
  return group;
}

inline std::shared_ptr<const upstream::Group> shared(upstream::Group group) {
  return std::make_shared<const upstream::Group>(std::move(group));
}

/// "tcp:10.0.0.1:80 up, tcp:10.0.0.2:80 draining"
inline std::string told(const SharedSnapshot& snapshot) {
  static constexpr const char* names[] = {"up", "starting", "down", "ejected", "draining", "disabled"};
  std::string out;
  for (const upstream::SnapshotMember& each : snapshot->members)
    out += (out.empty() ? "" : ", ") + each.name + " " + names[static_cast<int>(each.state)];
  return out;
}

inline std::string addresses(const SharedSnapshot& snapshot) {
  std::string out;
  for (const upstream::SnapshotMember& each : snapshot->members)
    for (const auto& port : each.addresses)
      for (const net::Address& address : port) out += (out.empty() ? "" : " ") + address.text();
  return out;
}

class Directories : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Directory::start({.on_snapshot =
                                         [this](SharedSnapshot snapshot) {
                                           const std::lock_guard lock(mutex_);
                                           last_ = std::move(snapshot);
                                         },
                                     .on_message =
                                         [this](std::string message) {
                                           const std::lock_guard lock(mutex_);
                                           messages_ += std::move(message) + "\n";
                                         }});
    ASSERT_TRUE(started) << started.error().text();
    directory_ = std::move(*started);
  }
  void TearDown() override { directory_.reset(); }

  SharedSnapshot apply(upstream::Group group) {
    directory_->first_lookups({shared(group)}, Clock::now() + kPatience);
    return directory_->apply({shared(std::move(group))}).front();
  }
  [[nodiscard]] std::string messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  /// Waits for a snapshot from on_snapshot().
  bool becomes(const std::function<std::string(const SharedSnapshot&)>& text, const std::string& expected) {
    return lastbyte::test::eventually(
        [&] {
          const std::lock_guard lock(mutex_);
          return last_ && text(last_) == expected;
        },
        kPatience);
  }
  bool becomes(const std::string& expected) { return becomes(told, expected); }
  void observe(const SharedSnapshot& snapshot, std::uint32_t index, Observation::What what, int times = 1) {
    for (int each = 0; each < times; ++each)
      EXPECT_TRUE(directory_->observe({snapshot->id, snapshot->generation, index, what}));
  }
  SharedSnapshot now() { return directory_->snapshots().front(); }

  std::mutex mutex_;
  SharedSnapshot last_;
  std::string messages_;
  std::unique_ptr<Directory> directory_;
};

class MovingNames : public Directories {
 protected:
  void SetUp() override {
    if (!DnsServer::possible()) GTEST_SKIP() << "needs knot";
    Directories::SetUp();
  }
  upstream::Group moving(const DnsServer& server, const std::string& host) {
    upstream::Group group = group_of({member(host)});
    group.names.resolver = upstream::Resolver::dns;
    group.names.servers = {server.address()};
    group.names.ttl_min = Duration(20);
    group.names.refresh = Duration(50);
    return group;
  }
};

class Health : public Directories {
 protected:
  upstream::Group checked(std::uint16_t port) {
    upstream::Group group = group_of({member("127.0.0.1", port)});
    group.check = upstream::Check{};
    group.check->period = Duration(5);
    group.check->timeout = Duration(10'000);
    group.check->failure_threshold = 2;
    return group;
  }
  upstream::Group ejecting() {
    upstream::Group group = group_of({member("10.0.0.1"), member("10.0.0.2"), member("10.0.0.3")});
    group.ejection = upstream::Ejection{};
    group.ejection->after = 3;
    return group;
  }
};

}  // namespace lastbyte::probe
