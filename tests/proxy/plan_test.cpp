// The decisions of a reload, without sockets.
#include "proxy/plan.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "net/unix/stream.h"

namespace lastbyte::proxy {
namespace {

relay::Forwarding forwarding(const std::string& name, const std::string& listen = "tcp:127.0.0.1:80",
                             const std::string& connect = "tcp:127.0.0.1:9") {
  relay::Forwarding one;
  one.name = name;
  one.listen = *net::parse_endpoint(listen, net::EndpointUse::listen);
  one.connect = *net::parse_endpoint(connect, net::EndpointUse::connect);
  return one;
}

config::Config config_of(std::vector<relay::Forwarding> forwardings) {
  config::Config config;
  config.forwardings = std::move(forwardings);
  return config;
}

Resolved resolved(const relay::Forwarding& one, std::size_t addresses = 1) {
  Resolved port;
  port.forwarding = std::make_shared<const relay::Forwarding>(one);
  port.listen.resize(addresses);
  return port;
}

Bound bound(const relay::Forwarding& one) {
  Bound port;
  port.forwarding = std::make_shared<const relay::Forwarding>(one);
  port.counts = std::make_shared<relay::ForwardingCounts>();
  return port;
}

TEST(Plan, a_start_takes_all_settings_of_the_process) {
  config::Config wanted = config_of({forwarding("a")});
  wanted.workers = 7;
  const Plan plan = plan_for({}, wanted, {}, 1);
  EXPECT_EQ(plan.config.workers, 7U);
  EXPECT_TRUE(plan.need_restart.empty());
  EXPECT_TRUE(plan.names_before.empty());
}

TEST(Plan, a_reload_keeps_settings_that_need_a_restart_and_names_them) {
  config::Config running = config_of({forwarding("a")});
  running.workers = 7;
  config::Config wanted = config_of({forwarding("b", "tcp:127.0.0.1:81")});
  wanted.workers = 8;
  wanted.max_sessions = 5;
  wanted.drain = Duration(1);
  const Plan plan = plan_for(running, wanted, {}, 1);
  EXPECT_EQ(plan.config.workers, 7U);
  EXPECT_EQ(plan.config.max_sessions, 5U);
  EXPECT_EQ(plan.config.drain, Duration(1));
  EXPECT_EQ(plan.config.forwardings.front().name, "b");
  EXPECT_EQ(plan.need_restart, std::vector<std::string>{"workers"});
}

TEST(Plan, a_forwarding_continues_the_one_of_its_name_or_else_of_its_listener) {
  const config::Config running = config_of({forwarding("a"), forwarding("b", "tcp:127.0.0.1:81")});
  const config::Config wanted = config_of(
      {forwarding("a", "tcp:127.0.0.1:90"), forwarding("renamed", "tcp:127.0.0.1:81"), forwarding("new", "tcp::91")});
  EXPECT_EQ(plan_for(running, wanted, {}, 1).names_before, (NamesBefore{{"a", "a"}, {"renamed", "b"}}));
}

TEST(Plan, each_worker_has_a_socket_for_each_address_and_a_unix_socket_serves_all) {
  EXPECT_EQ(plan_for({}, {}, {resolved(forwarding("a"), 2)}, 3).listening, 6U);
  EXPECT_EQ(plan_for({}, {}, {resolved(forwarding("a", "unix:@name"))}, 3).listening, 1U);
  EXPECT_EQ(plan_for({}, {}, {resolved(forwarding("a", "unix:/path"))}, 3).listening, 2U) << "its path is held";
  EXPECT_EQ(plan_for({}, {}, {resolved(forwarding("a")), resolved(forwarding("b", "unix:@name"))}, 2).listening, 3U);
}

TEST(Plan, T14_descriptors_pass_between_unix_sockets_only) {
  const auto in_passing = [](const char* listen, const char* connect) {
    return plan_for({}, config_of({forwarding("other"), forwarding("a", listen, connect)}), {}, 2).in_passing;
  };
  EXPECT_EQ(in_passing("unix:@a", "unix:@b"), 2 * net::kMostDescriptors);
  EXPECT_EQ(in_passing("unix:@a", "tcp:127.0.0.1:9"), 0U);
  EXPECT_EQ(in_passing("tcp:127.0.0.1:80", "unix:@b"), 0U);
}

TEST(Plan, an_unchanged_forwarding_stays_the_same_object) {
  const std::vector<Bound> running{bound(forwarding("a")), bound(forwarding("b", "tcp:127.0.0.1:81"))};
  relay::Forwarding changed = forwarding("b", "tcp:127.0.0.1:81");
  changed.limits.idle = Duration(1);
  std::vector<Resolved> ports{resolved(forwarding("a")), resolved(changed), resolved(forwarding("c"))};
  keep_identity(ports, running);
  EXPECT_EQ(ports[0].forwarding, running[0].forwarding);
  EXPECT_NE(ports[1].forwarding, running[1].forwarding);
  EXPECT_EQ(*ports[1].forwarding, changed);
  EXPECT_EQ(ports[2].forwarding->name, "c");
}

TEST(Plan, sessions_of_before_count_for_the_forwarding_that_continues) {
  const std::vector<Bound> running{bound(forwarding("a")), bound(forwarding("gone"))};
  std::vector<Bound> next{bound(forwarding("renamed")), bound(forwarding("renamed")), bound(forwarding("new"))};
  hand_on_counts(next, running, {{"renamed", "a"}});
  EXPECT_EQ(next[0].counts, running[0].counts);
  EXPECT_EQ(next[1].counts, running[0].counts) << "all ports of a forwarding count together";
  ASSERT_NE(next[2].counts, nullptr);
  EXPECT_NE(next[2].counts, running[0].counts);
  EXPECT_NE(next[2].counts, running[1].counts);
}

TEST(Plan, a_capability_that_was_given_up_is_a_trouble_of_each_forwarding_that_needs_it) {
  relay::Forwarding marks = forwarding("marks", "tcp:127.0.0.1:81");
  marks.upstream.socket.mark = 1;
  relay::Forwarding removes = forwarding("removes", "tcp:127.0.0.1:82");
  removes.time_wait = relay::TimeWait::remove;
  EXPECT_EQ(missing_capabilities(config_of({removes}), {}).size(), 1U);
  const config::Config config = config_of({forwarding("plain"), marks});
  const Troubles troubles = missing_capabilities(config, {});
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_EQ(troubles[0].forwarding, "marks");
  EXPECT_EQ(troubles[0].key, "connect");
  EXPECT_NE(troubles[0].error.text().find("forwarding 'marks' needs CAP_NET_ADMIN"), std::string::npos)
      << troubles[0].error.text();
  EXPECT_TRUE(missing_capabilities(config, {.net_admin = true}).empty());
}

TEST(Plan, a_refusal_after_the_drop_of_privileges_tells_of_the_restart_once) {
  const auto detail_of = [](int code, const char* detail) {
    const Trouble trouble{"a", "listen", Error{"listen", code, detail}};
    return with_lost_privileges_told({trouble}).front().error.detail;
  };
  EXPECT_EQ(detail_of(EACCES, ""), "privileges were dropped at the start: restart lastbyte");
  EXPECT_EQ(detail_of(EPERM, "why"), "why; privileges were dropped at the start: restart lastbyte");
  EXPECT_EQ(detail_of(EPERM, "restart lastbyte"), "restart lastbyte");
  EXPECT_EQ(detail_of(EADDRINUSE, "why"), "why");
}

}  // namespace
}  // namespace lastbyte::proxy
