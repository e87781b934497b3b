#include "probe/directory.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <future>
#include <thread>

#include "net/socket/calls.h"
#include "tests/harness/loopback.h"
#include "tests/probe/harness/directories.h"

namespace lastbyte::probe {
namespace {

TEST_F(Directories, members_have_an_address_for_each_of_their_ports) {
  upstream::Member ports = member("10.0.0.1");
  ports.endpoint.ports = *net::Ports::parse("8000-8001", 1);
  upstream::Member path;
  path.endpoint = *net::parse_endpoint("unix:/run/x.sock", net::EndpointUse::connect);
  const SharedSnapshot snapshot = apply(group_of({ports, member("::1"), path}));
  EXPECT_EQ(addresses(snapshot), "10.0.0.1:8000 10.0.0.1:8001 [::1]:80 unix:/run/x.sock");
  EXPECT_EQ(told(snapshot), "tcp:10.0.0.1:8000-8001 up, tcp:[::1]:80 up, unix:/run/x.sock up");
  EXPECT_FALSE(snapshot->maglev);
}

TEST_F(Directories, a_function_is_called_on_the_probe_thread) {
  const auto here = std::this_thread::get_id();
  const auto called = directory_->on_thread([&]() -> Result<void> {
    if (std::this_thread::get_id() == here) return {};
    return failure("drop privileges", EPERM);
  });
  ASSERT_FALSE(called);
  EXPECT_EQ(called.error().code, EPERM);
}

TEST_F(Directories, source_hash_has_a_table_of_all_members_that_a_flap_does_not_make_anew) {
  upstream::Group group = group_of({member("10.0.0.1"), member("10.0.0.2")});
  group.policy = upstream::Policy::source_hash;
  const SharedSnapshot before = apply(group);
  ASSERT_TRUE(before->maglev);
  ASSERT_TRUE(directory_->act("web", "tcp:10.0.0.1:80", Action::drain));
  EXPECT_TRUE(becomes("tcp:10.0.0.1:80 draining, tcp:10.0.0.2:80 up"));
  EXPECT_EQ(now()->maglev, before->maglev);
}

TEST_F(Directories, all_unknown_names_are_told_at_once_with_their_places) {
  if (!DnsServer::possible()) GTEST_SKIP() << "needs knot";
  DnsServer server("a 60 A 10.0.0.1");
  upstream::Group one = group_of({member("no.example"), member("a.example")}, "one");
  one.names.resolver = upstream::Resolver::dns;
  one.names.servers = {server.address()};
  upstream::Group two = one;
  two.name = "two";
  two.members = {member("10.0.0.9"), member("other.example")};
  const auto unknown = directory_->first_lookups({shared(one), shared(two)}, Clock::now() + kPatience);
  ASSERT_EQ(unknown.size(), 2U);
  EXPECT_EQ(unknown[0].group, 0U);
  EXPECT_EQ(unknown[0].member, 0U);
  EXPECT_EQ(unknown[0].error.text(), "look up 'no.example': the name does not exist");
  EXPECT_EQ(unknown[1].group, 1U);
  EXPECT_EQ(unknown[1].member, 1U);
  EXPECT_EQ(addresses(directory_->apply({shared(one)}).front()), "10.0.0.1:80");
}

TEST_F(Directories, a_name_without_an_answer_is_unknown_at_the_deadline) {
  if (!DnsServer::possible()) GTEST_SKIP() << "needs knot";
  DnsServer server("a 60 A 10.0.0.1");
  server.pause();
  upstream::Group group = group_of({member("a.example")});
  group.names.resolver = upstream::Resolver::dns;
  group.names.servers = {server.address()};
  group.names.ttl_min = Duration(20);
  group.names.refresh = Duration(50);
  group.names.timeout = Duration(100);
  const auto unknown = directory_->first_lookups({shared(group)}, Clock::now() + Duration(50));
  ASSERT_EQ(unknown.size(), 1U);
  EXPECT_EQ(unknown[0].error.text(), "look up 'a.example': no answer in time");
  // unknown-names: wait. The member has its address once the server answers.
  EXPECT_EQ(addresses(directory_->apply({shared(group)}).front()), "");
  server.resume();
  EXPECT_TRUE(becomes(addresses, "10.0.0.1:80"));
}

TEST_F(MovingNames, an_address_that_moves_is_followed_by_its_ttl_and_told) {
  DnsServer server("a 0 A 10.0.0.1");
  EXPECT_EQ(addresses(apply(moving(server, "a.example"))), "10.0.0.1:80");
  server.set("a 0 A 10.0.0.2");
  EXPECT_TRUE(becomes(addresses, "10.0.0.2:80"));
  EXPECT_NE(messages().find("name a.example now has 10.0.0.2 (TTL 0 s), was 10.0.0.1\n"), std::string::npos)
      << messages();
  const auto lookup = directory_->status().front().members.front().lookup;
  ASSERT_TRUE(lookup);
  EXPECT_EQ(lookup->ttl, Duration(0));
  EXPECT_EQ(lookup->error, "");
}

TEST_F(MovingNames, stale_addresses_are_kept_and_told_once) {
  DnsServer server("a 0 A 10.0.0.1", 0);
  apply(moving(server, "a.example"));
  server.set("b 0 A 10.0.0.1");
  const auto stale = [&] { return directory_->status().front().members.front().lookup->stale; };
  ASSERT_TRUE(lastbyte::test::eventually(stale, kPatience));
  const auto lookups = directory_->counters().lookups;
  ASSERT_TRUE(lastbyte::test::eventually([&] { return directory_->counters().lookups > lookups + 2; }, kPatience));
  EXPECT_EQ(addresses(now()), "10.0.0.1:80");
  EXPECT_EQ(messages(), "name a.example does not resolve: the name does not exist; its addresses are kept\n");
}

TEST_F(MovingNames, stale_addresses_go_where_the_policy_says_so) {
  DnsServer server("a 0 A 10.0.0.1", 0);
  upstream::Group group = moving(server, "a.example");
  group.names.stale = upstream::Stale::fail;
  apply(group);
  server.set("a 0 TXT empty");
  EXPECT_TRUE(becomes(addresses, ""));
}

TEST_F(MovingNames, names_that_do_not_exist_are_asked_for_by_their_negative_ttl) {
  DnsServer server("a 0 A 10.0.0.1", 3600);
  upstream::Group group = moving(server, "no.example");
  directory_->first_lookups({shared(group)}, Clock::now() + kPatience);
  directory_->apply({shared(group)});
  const auto lookup = directory_->status().front().members.front().lookup;
  ASSERT_TRUE(lookup);
  EXPECT_GE(lookup->next, group.names.ttl_max - Duration(1000)) << "the upper bound of an hour's TTL";
  EXPECT_EQ(directory_->counters().lookups, 1U);
}

TEST_F(MovingNames, groups_share_the_look_ups_of_a_name) {
  DnsServer server("a 60 A 10.0.0.1");
  upstream::Group one = moving(server, "a.example");
  upstream::Group two = one;
  two.name = "two";
  directory_->first_lookups({shared(one), shared(two)}, Clock::now() + kPatience);
  directory_->apply({shared(one), shared(two)});
  EXPECT_EQ(directory_->counters().lookups, 1U);
}

TEST_F(MovingNames, targets_of_an_srv_name_are_members_that_come_and_are_drained) {
  DnsServer server("_s._tcp 0 SRV 1 1 81 one\none 0 A 10.0.0.1\ntwo 0 A 10.0.0.2", 0);
  upstream::Group group = moving(server, "_s._tcp.example");
  group.members.front().srv = true;
  const SharedSnapshot first = apply(group);
  EXPECT_EQ(told(first), "_s._tcp.example/one.example:81 up");
  EXPECT_EQ(addresses(first), "10.0.0.1:81");
  first->members[0].figures->sessions = 1;
  server.set("_s._tcp 0 SRV 1 1 82 two\none 0 A 10.0.0.1\ntwo 0 A 10.0.0.2");
  EXPECT_TRUE(becomes("_s._tcp.example/two.example:82 up, _s._tcp.example/one.example:81 draining"));
  EXPECT_EQ(now()->members[1].figures, first->members[0].figures);
  first->members[0].figures->sessions = 0;
  EXPECT_TRUE(becomes("_s._tcp.example/two.example:82 up")) << "it leaves with its last session";
}

TEST_F(MovingNames, a_reload_during_an_outage_keeps_addresses_under_other_settings) {
  DnsServer server("a 0 A 10.0.0.1", 0);
  upstream::Group group = moving(server, "a.example");
  apply(group);
  server.stop();
  group.names.ttl_max = Duration(77'000);
  EXPECT_TRUE(directory_->first_lookups({shared(group)}, Clock::now() + kPatience).empty());
  EXPECT_EQ(addresses(directory_->apply({shared(group)}).front()), "10.0.0.1:80");
}

TEST_F(Health, a_member_starts_goes_down_and_comes_up_by_its_checks) {
  Descriptor server = net::test::listener();
  const net::Address address = net::local_address(server.get());
  const std::string name = "tcp:" + address.text();
  EXPECT_EQ(told(apply(checked(address.port()))), name + " starting");
  EXPECT_TRUE(becomes(name + " up"));
  EXPECT_EQ(now()->members[0].up_since, TimePoint{}) << "no slow start for the first time";
  server.close();
  EXPECT_TRUE(becomes(name + " down"));
  EXPECT_EQ(messages(), "group web: " + name + " is up: check: connected\ngroup web: " + name +
                            " is down, was up: check: 2 failed in a row: connect " + name +
                            ": Connection refused (ECONNREFUSED)\n");
  const MemberStatus status = directory_->status().front().members.front();
  ASSERT_TRUE(status.check);
  EXPECT_FALSE(status.check->passed);
  EXPECT_EQ(status.state, State::down);
  // The port is free. No other process takes it, unless it sets SO_REUSEADDR, too.
  Descriptor again(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int one = 1;
  ::setsockopt(again.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  ASSERT_EQ(::bind(again.get(), address.data(), address.size()), 0);
  ASSERT_EQ(::listen(again.get(), 64), 0);
  EXPECT_TRUE(becomes(name + " up"));
  EXPECT_GT(now()->members[0].up_since, TimePoint{}) << "a slow start counts from here";
}

TEST_F(Health, the_first_checks_can_be_waited_for) {
  const Descriptor server = net::test::listener();
  const net::Address address = net::local_address(server.get());
  const std::string name = "tcp:" + address.text();
  EXPECT_EQ(told(apply(checked(address.port()))), name + " starting");
  directory_->await_first_checks(Clock::now() + kPatience);
  EXPECT_EQ(told(now()), name + " up");
  directory_->await_first_checks(Clock::now() + kPatience);  // nothing is left to wait for
  upstream::Group late = checked(address.port());
  late.name = "late";
  late.check->initial_delay = Duration(600'000);
  apply(late);
  directory_->await_first_checks(Clock::now() + Duration(10));
  EXPECT_EQ(told(now()), name + " starting") << "the deadline";
}

TEST_F(Health, a_check_that_a_reload_adds_does_not_take_a_serving_member_away) {
  const Descriptor server = net::test::listener();
  const net::Address address = net::local_address(server.get());
  upstream::Group group = checked(address.port());
  group.check->success_threshold = 1'000;
  const auto check = std::exchange(group.check, std::nullopt);
  apply(group);
  group.check = check;
  EXPECT_EQ(told(apply(group)), "tcp:" + address.text() + " up");
}

TEST_F(Health, a_member_that_is_enabled_is_checked_without_the_initial_delay) {
  const Descriptor server = net::test::listener();
  const net::Address address = net::local_address(server.get());
  const std::string name = "tcp:" + address.text();
  upstream::Group group = checked(address.port());
  group.check->initial_delay = Duration(600'000);
  EXPECT_EQ(told(apply(group)), name + " starting");
  ASSERT_TRUE(directory_->act("web", name, Action::disable));
  ASSERT_TRUE(directory_->act("web", name, Action::enable));
  EXPECT_TRUE(becomes(name + " up"));
}

TEST_F(Health, an_operator_who_disables_a_member_ends_its_sessions_until_it_is_enabled) {
  const std::string name = apply(ejecting())->members.front().name;
  const auto ends = [&] { return directory_->snapshots().front()->members.front().ends_sessions; };
  EXPECT_FALSE(ends());
  ASSERT_TRUE(directory_->act("web", name, Action::disable));
  EXPECT_TRUE(lastbyte::test::eventually(ends));
  ASSERT_TRUE(directory_->act("web", name, Action::drain));
  EXPECT_TRUE(lastbyte::test::eventually([&] { return !ends(); }));
  ASSERT_TRUE(directory_->act("web", name, Action::disable));
  EXPECT_TRUE(lastbyte::test::eventually(ends));
  ASSERT_TRUE(directory_->act("web", name, Action::enable));
  EXPECT_TRUE(lastbyte::test::eventually([&] { return !ends(); }));
}

TEST_F(Health, bad_endings_in_a_row_eject_a_member_for_a_time) {
  upstream::Group group = ejecting();
  group.ejection->time = Duration(100);
  const SharedSnapshot snapshot = apply(group);
  observe(snapshot, 1, Observation::What::early_reset, 2);
  observe(snapshot, 1, Observation::What::success);
  observe(snapshot, 1, Observation::What::early_reset, 3);
  ASSERT_TRUE(
      lastbyte::test::eventually([&] { return messages().find("was ejected") != std::string::npos; }, kPatience));
  EXPECT_EQ(messages(),
            "group web: tcp:10.0.0.2:80 is ejected, was up: 3 bad endings in a row, the last a reset before the first "
            "byte; for 0.1 s\ngroup web: tcp:10.0.0.2:80 is up, was ejected: the time of the ejection is over\n");
  EXPECT_EQ(directory_->counters().ejections, 1U);
  EXPECT_EQ(directory_->counters().observations, 6U);
}

TEST_F(Health, no_more_members_are_ejected_than_allowed) {
  const SharedSnapshot snapshot = apply(ejecting());  // half of three: one
  for (const std::uint32_t index : {0U, 1U, 2U}) observe(snapshot, index, Observation::What::connect_failure, 9);
  EXPECT_TRUE(lastbyte::test::eventually([&] { return directory_->counters().observations == 27; }, kPatience));
  EXPECT_EQ(told(now()), "tcp:10.0.0.1:80 ejected, tcp:10.0.0.2:80 up, tcp:10.0.0.3:80 up");
}

TEST_F(Health, a_reload_forgets_neither_ejections_nor_orders_nor_figures) {
  const SharedSnapshot before = apply(ejecting());
  observe(before, 0, Observation::What::connect_failure, 3);
  ASSERT_TRUE(becomes("tcp:10.0.0.1:80 ejected, tcp:10.0.0.2:80 up, tcp:10.0.0.3:80 up"));
  ASSERT_TRUE(directory_->act("web", "tcp:10.0.0.2:80", Action::drain));
  upstream::Group other = ejecting();
  std::swap(other.members[0], other.members[2]);
  other.members.push_back(member("10.0.0.4"));
  const SharedSnapshot after = apply(other);
  EXPECT_EQ(told(after), "tcp:10.0.0.3:80 up, tcp:10.0.0.2:80 draining, tcp:10.0.0.1:80 ejected, tcp:10.0.0.4:80 up");
  EXPECT_EQ(after->id, before->id);
  EXPECT_GT(after->generation, before->generation);
  EXPECT_EQ(after->members[2].figures, before->members[0].figures);
}

TEST_F(Health, an_observation_means_the_member_of_its_own_generation) {
  const SharedSnapshot before = apply(ejecting());
  upstream::Group other = ejecting();
  std::swap(other.members[0], other.members[2]);
  apply(other);
  observe(before, 0, Observation::What::connect_failure, 3);
  EXPECT_TRUE(becomes("tcp:10.0.0.3:80 up, tcp:10.0.0.2:80 up, tcp:10.0.0.1:80 ejected"));
  observe(before, 7, Observation::What::connect_failure);
  EXPECT_TRUE(directory_->observe({before->id + 9, 1, 0, Observation::What::success}));
  EXPECT_TRUE(lastbyte::test::eventually([&] { return directory_->counters().observations_late == 2; }, kPatience));
}

TEST_F(Health, orders_of_an_operator_count_before_all_else) {
  const SharedSnapshot snapshot = apply(ejecting());
  observe(snapshot, 0, Observation::What::connect_failure, 3);
  ASSERT_TRUE(becomes("tcp:10.0.0.1:80 ejected, tcp:10.0.0.2:80 up, tcp:10.0.0.3:80 up"));
  ASSERT_TRUE(directory_->act("web", "tcp:10.0.0.1:80", Action::disable));
  EXPECT_TRUE(becomes("tcp:10.0.0.1:80 disabled, tcp:10.0.0.2:80 up, tcp:10.0.0.3:80 up"));
  ASSERT_TRUE(directory_->act("web", "tcp:10.0.0.1:80", Action::enable));
  EXPECT_TRUE(becomes("tcp:10.0.0.1:80 up, tcp:10.0.0.2:80 up, tcp:10.0.0.3:80 up"));
  EXPECT_NE(messages().find("tcp:10.0.0.1:80 is disabled, was ejected: by the operator\n"), std::string::npos);
  const auto none = directory_->act("web", "tcp:10.0.0.8:80", Action::drain);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().text(), "member 'tcp:10.0.0.8:80' of group 'web': there is no such member");
  EXPECT_FALSE(directory_->act("other", "tcp:10.0.0.1:80", Action::drain));
}

TEST_F(Health, a_worker_never_waits_for_a_probe_thread_that_is_held_up) {
  std::promise<void> release;
  const auto released = release.get_future().share();
  auto held =
      Directory::start({.on_snapshot = [released](const auto&) { released.wait(); }, .on_message = [](auto) {}});
  ASSERT_TRUE(held);
  const SharedSnapshot snapshot = (*held)->apply({shared(ejecting())}).front();
  ASSERT_TRUE((*held)->act("web", "tcp:10.0.0.1:80", Action::drain));  // makes a snapshot
  const Observation bad{snapshot->id, snapshot->generation, 0, Observation::What::success};
  int dropped = 0;
  for (int each = 0; each < 20'000; ++each) dropped += (*held)->observe(bad) ? 0 : 1;
  release.set_value();
  EXPECT_GT(dropped, 0);
  EXPECT_EQ((*held)->counters().observations_dropped, static_cast<std::uint64_t>(dropped));
}

}  // namespace
}  // namespace lastbyte::probe
