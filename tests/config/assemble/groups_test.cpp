// Groups of upstreams: what right ones mean, and what the owners of wrong ones are told.
#include <gtest/gtest.h>

#include "config/difference.h"
#include "config/settings/config.h"
#include "tests/config/read/wrong_file.h"

namespace lastbyte::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string told(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) text += problem.text() + "\n";
  return text;
}

/// A forwarding to the group `web`, and what stands in this group.
std::string group_of(const std::string& inside, const std::string& in_forwarding = "") {
  return "groups:\n  web:\n" + inside + "forwardings:\n  - listen: tcp::80\n    connect: group:web\n" + in_forwarding;
}

const std::string kMember = "    members: ['tcp:10.0.0.1:80']\n";
const std::string kUdpMember = "    members: ['udp:10.0.0.1:53']\n";

Config config_of(const std::string& text) {
  const Loaded loaded = load_yaml(text, "f.yaml");
  EXPECT_EQ(told(loaded.problems), "");
  return loaded.config.value_or(Config());
}

TEST(Groups, have_members_as_endpoints_or_with_settings) {
  const Config config = config_of(group_of(R"(
    policy: least-sessions
    on-down: reset
    queue: {length: 5, time: 3s}
    slow-start: 10s
    panic-below: 30%
    backup-below: 40%
    members:
      - tcp:10.0.0.1:80
      - {connect: 'tcp:b.example:81', weight: 7, max-sessions: 9}
      - connect: srv:_http._tcp.c.example
        backup: true
        keepalive: {idle: 5s, enabled: true}
        user-timeout: 4s
        mark: 6
        interface: eth0
        sources: [10.0.0.9]
    names: {resolver: dns, servers: [10.0.0.53], ttl-max: 1m, unknown: wait}
    check:
      path: /healthz      # stands before the setting that it needs
      kind: http
      status: 200-204
      port: 8080
      period: 2s
    ejection: {after: 3, on: [early-reset, timeout], most: 20%}
)"));
  ASSERT_EQ(config.groups.size(), 1U);
  upstream::Group expected;
  expected.name = "web";
  expected.policy = upstream::Policy::least_sessions;
  expected.on_down = upstream::OnDown::reset;
  expected.queue = {5, seconds(3)};
  expected.slow_start = seconds(10);
  expected.panic_below = 30;
  expected.backup_below = 40;
  expected.members.resize(3);
  expected.members[0].endpoint = net::Endpoint::tcp("10.0.0.1", 80);
  expected.members[1].endpoint = net::Endpoint::tcp("b.example", 81);
  expected.members[1].weight = 7;
  expected.members[1].max_sessions = 9;
  upstream::Member& third = expected.members[2];
  third.endpoint.host = "_http._tcp.c.example";
  third.srv = true;
  third.backup = true;
  third.options.keepalive = net::Keepalive{.enabled = true, .idle = seconds(5)};
  third.options.user_timeout = seconds(4);
  third.options.mark = 6;
  third.options.interface = "eth0";
  third.options.sources = {*net::Address::parse("10.0.0.9", 0)};
  expected.names.resolver = upstream::Resolver::dns;
  expected.names.servers = {*net::Address::parse("10.0.0.53", 53)};
  expected.names.ttl_max = seconds(60);
  expected.names.unknown = upstream::UnknownNames::wait;
  upstream::Check& check = expected.check.emplace();
  check.kind = upstream::Check::Kind::http;
  check.path = "/healthz";
  check.status_from = 200;
  check.status_to = 204;
  check.port = 8080;
  check.period = seconds(2);
  upstream::Ejection& ejection = expected.ejection.emplace();
  ejection.after = 3;
  ejection.on_connect_failure = false;
  ejection.on_early_reset = true;
  ejection.on_timeout = true;
  ejection.most_percent = 20;
  EXPECT_EQ(config.groups.front(), expected);
  EXPECT_EQ(config.forwardings.front().group, "web");
  EXPECT_EQ(config.forwardings.front().connect.transport, net::Transport::tcp);
  EXPECT_EQ(load_yaml(print_yaml(config), "printed.yaml").config, config);
}

TEST(Groups, have_no_check_and_eject_nobody_unless_asked_to) {
  const Config config = config_of(group_of(kMember));
  EXPECT_FALSE(config.groups.front().check);
  EXPECT_FALSE(config.groups.front().ejection);
  EXPECT_FALSE(config.forwardings.front().retry);
}

TEST(Groups, give_a_forwarding_the_transport_of_their_members) {
  const std::string text =
      "groups: {dns: {members: ['udp:10.0.0.1:53', 'udp:10.0.0.2:53']}}\n"
      "forwardings: [{listen: 'udp::53', connect: 'group:dns', limits: {datagram-idle: 5s}}]\n";
  EXPECT_EQ(config_of(text).forwardings.front().connect.transport, net::Transport::udp);
}

TEST(Groups, differ_by_their_keys_and_their_members) {
  const upstream::Group before = config_of(group_of(kMember)).groups.front();
  upstream::Group after = before;
  EXPECT_TRUE(differing_keys(before, after).empty());
  after.policy = upstream::Policy::first;
  after.check.emplace();
  after.members.front().weight = 2;
  EXPECT_EQ(differing_keys(before, after), (std::vector<std::string>{"policy", "check.kind", "members"}));
}

TEST(Groups, T15_tell_where_their_members_stand) {
  const Loaded loaded =
      load_yaml(group_of("    members:\n      - tcp:a:1\n      - {weight: 2, connect: 'tcp:b:1'}\n"), "f.yaml");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.places.of_member("web", 0), (Origin{"f.yaml", 4, 9}));
  EXPECT_EQ(loaded.places.of_member("web", 1), (Origin{"f.yaml", 5, 30}));
  EXPECT_FALSE(loaded.places.of_member("web", 2));
  EXPECT_FALSE(loaded.places.of_member("other", 0));
}

TEST(Groups, that_nobody_uses_are_warned_of) {
  const Loaded loaded = load_yaml("groups: {web: {members: ['tcp:a:1']}}\n" + forwarding_with(""), "f.yaml");
  EXPECT_TRUE(loaded.config);
  EXPECT_EQ(told(loaded.warnings), "f.yaml:1:10: groups.web: no forwarding uses this group\n");
}

TEST(Groups, that_hash_clients_without_an_address_are_warned_of) {
  const Loaded loaded = load_yaml(
      "groups: {web: {policy: source-hash, members: ['tcp:a:1']}}\n"
      "forwardings: [{listen: 'unix:@in', connect: 'group:web'}]\n",
      "f.yaml");
  EXPECT_TRUE(loaded.config);
  EXPECT_EQ(
      told(loaded.warnings),
      "f.yaml:2:45: connect: 'group:web': the policy of the group, source-hash, goes by the client's address, and "
      "clients of listen, unix:@in (f.yaml:2:24) have none: one member gets all their sessions\n");
}

TEST(Retries, are_what_a_forwarding_says_or_its_defaults) {
  const Config config = config_of("defaults: {retry: {attempts: 7, per-try-timeout: 1s}}\n" +
                                  forwarding_with("    retry: {retry-on: [connect-failure, reset], replay: 64k}\n") +
                                  "  - {listen: 'tcp::81', connect: 'tcp:a:1', retry: {retry-on: none}}\n  - {listen: "
                                  "'tcp::82', connect: 'tcp:a:1', retry: {retry-on: "
                                  "connect-failure}}\n");
  const auto& retry = config.forwardings[0].retry;
  ASSERT_TRUE(retry);
  EXPECT_TRUE(retry->on_connect_failure);
  EXPECT_TRUE(retry->on_reset);
  EXPECT_EQ(retry->attempts, 7U);
  EXPECT_EQ(retry->per_try_timeout, Duration(seconds(1)));
  EXPECT_EQ(retry->replay, 65536U);
  EXPECT_FALSE(config.forwardings[1].retry) << "no reason to try again is left";
  ASSERT_TRUE(config.forwardings[2].retry);
  EXPECT_FALSE(config.forwardings[2].retry->on_reset);
  EXPECT_EQ(config.forwardings[2].retry->per_try_timeout, Duration(seconds(1)));
}

TEST(Names, of_a_forwarding_apply_to_a_host_name_only) {
  const Config config = config_of("defaults: {names: {refresh: 9s}}\n" + forwarding_with("") +
                                  "  - {listen: 'tcp::81', connect: 'tcp:a.example:1'}\n");
  EXPECT_EQ(config.forwardings[0].names, upstream::Names()) << "inherited for an address, it is passed over";
  EXPECT_EQ(config.forwardings[1].names.refresh, Duration(seconds(9)));
}

const std::vector<Case> kGroupShapes = {
    {"a_list", "groups: []\n" + forwarding_with(""), {}},
    {"not_a_mapping",
     "groups: [web]\n" + forwarding_with(""),
     {"f.yaml:1:9: groups: found a list; expected a mapping: the name of each group, and its settings below"}},
    {"a_group_that_is_a_word",
     "groups: {web: tcp}\n" + forwarding_with(""),
     {"f.yaml:1:15: groups.web: found 'tcp'; expected a mapping with at least members"}},
    {"a_list_as_a_name",
     "groups: {[web]: {}}\n" + forwarding_with(""),
     {"f.yaml:1:10: groups: a list as a name; expected the name of a group"}},
    {"a_wrong_name",
     "groups: {1.web: {members: ['tcp:a:1']}}\n" + forwarding_with(""),
     {"f.yaml:1:10: groups: '1.web': expected the name of a group: 1 to 64 letters, digits, '-' and '_', and a letter "
      "first"}},
    {"given_twice",
     "groups: {web: {members: ['tcp:a:1']}, web: {members: ['tcp:a:1']}}\n" + forwarding_with(""),
     {"f.yaml:1:39: key 'groups.web' given twice; it was given at f.yaml:1:10 already"}},
    {"no_members",
     group_of("    policy: first\n"),
     {"f.yaml:2:3: groups.web.members: missing; expected at least one member"}},
    {"empty_members", group_of("    members: []\n"), {"f.yaml:3:5: members: is empty; expected at least one member"}},
    {"a_member_that_is_a_list",
     group_of("    members: [[a]]\n"),
     {"f.yaml:3:15: members: found a list; expected the value of connect, or a mapping with at least connect"}},
    {"a_member_without_connect",
     group_of("    members: [{weight: 1}]\n"),
     {"f.yaml:3:15: connect: missing; expected tcp:HOST:PORTS, tcp:[V6]:PORTS, the same with udp, unix:/PATH, "
      "unix:@NAME or srv:NAME"}},
    {"a_wrong_member",
     group_of("    members: ['tcp:a:0']\n"),
     {"f.yaml:3:15: connect: 'tcp:a:0': the port is '0'; expected 1 to 65535"}},
    {"a_key_of_a_forwarding",
     group_of(kMember + "    limits: {idle: 5s}\n"),
     {"f.yaml:4:5: unknown key 'limits' in a group; it stands in a forwarding"}},
    {"a_key_of_a_member",
     group_of(kMember + "    weight: 5\n"),
     {"f.yaml:4:5: unknown key 'weight' in a group; it stands in a member of a group"}},
    {"a_key_of_a_group_in_a_forwarding",
     group_of(kMember, "    policy: first\n"),
     {"f.yaml:7:5: unknown key 'policy' in a forwarding; it stands in a group"}},
};

const std::vector<Case> kGroupMeanings = {
    {"unknown",
     "groups: {web: {members: ['tcp:a:1']}}\nforwardings: [{listen: 'tcp::80', connect: 'group:wbe'}]\n",
     {"f.yaml:2:44: connect: 'group:wbe': there is no group of this name; did you mean 'group:web'?"}},
    {"unknown_without_any",
     "forwardings: [{listen: 'tcp::80', connect: 'group:web'}]\n",
     {"f.yaml:1:44: connect: 'group:web': there is no group of this name; expected groups: at the top of the file"}},
    {"a_group_in_itself",
     group_of("    members: ['group:web']\n"),
     {"f.yaml:3:15: connect: 'group:web': a group cannot be a member of a group; expected the members of that group "
      "here"}},
    {"a_member_twice",
     group_of("    members: ['tcp:a.example:80', 'tcp:A.example:80']\n"),
     {"f.yaml:3:35: connect: 'tcp:A.example:80': is a member already (f.yaml:3:15); expected each once, with a "
      "weight"}},
    {"two_transports",
     group_of("    members: ['tcp:a:80', 'unix:/b']\n"),
     {"f.yaml:3:27: connect: 'unix:/b': is unix, but the first member is connect, tcp:a:80 (f.yaml:3:15); expected one "
      "transport for all members"}},
    {"all_weights_0",
     group_of("    members: [{connect: 'tcp:a:80', weight: 0}, {connect: 'tcp:b:80', backup: true}]\n"),
     {"f.yaml:3:45: weight: '0': group 'web': every member that is no backup has weight 0; expected at least one above "
      "0"}},
    {"all_backups",
     group_of("    members: [{connect: 'tcp:a:80', backup: true}]\n"),
     {"f.yaml:3:45: backup: 'true': group 'web': every member is a backup; expected one that is not"}},
    {"srv_without_dns",
     group_of("    members: ['srv:_http._tcp.a']\n"),
     {"f.yaml:3:15: connect: 'srv:_http._tcp.a': only DNS has SRV records; expected names.resolver to be dns (it is "
      "names.resolver, system (the default))"}},
    {"fastest_for_udp",
     "groups: {web: {policy: fastest, members: ['udp:a:53']}}\nforwardings: [{listen: 'udp::53', connect: "
     "'group:web'}]\n",
     {"f.yaml:1:24: policy: 'fastest': goes by the time to connect, which udp does not have, and the members are udp "
      "(f.yaml:1:43); expected another policy"}},
    {"a_queue_for_udp",
     "groups: {web: {queue: {length: 2}, members: ['udp:a:53']}}\nforwardings: [{listen: 'udp::53', connect: "
     "'group:web'}]\n",
     {"f.yaml:1:32: queue.length: '2': datagrams do not wait, and the members are udp (f.yaml:1:46); expected 0"}},
    {"streams_for_a_udp_listener",
     "groups: {web: {members: ['tcp:a:53']}}\nforwardings: [{listen: 'udp::53', connect: 'group:web'}]\n",
     {"f.yaml:2:44: connect: 'group:web': only udp can carry datagrams, which listen, udp::53 (f.yaml:2:24) receives; "
      "expected udp:HOST:PORTS"}},
    {"ports_unlike_those_of_the_listener",
     "groups: {web: {members: ['tcp:a:1-2', 'tcp:b:1-3', 'tcp:c:1']}}\nforwardings: [{listen: 'tcp::7-9', connect: "
     "'group:web'}]\n",
     {"f.yaml:1:26: connect: 'tcp:a:1-2': 2 ports for the 3 of listen, tcp::7-9 (f.yaml:2:24); expected as many, or "
      "one"}},
    {"a_loop_through_a_member",
     "groups: {web: {members: ['tcp:10.0.0.1:1', 'tcp:127.0.0.1:80']}}\nforwardings: [{listen: 'tcp::80', connect: "
     "'group:web'}]\n",
     {"f.yaml:2:44: connect: 'group:web': leads to its own listener 'tcp::80' (f.yaml:2:24), which makes a loop"}},
    {"a_setting_without_its_check",
     group_of(kMember + "    check: {period: 5s}\n"),
     {"f.yaml:4:21: check.period: '5s': has no effect while check.kind is none; leave it out"}},
    {"a_setting_of_another_check",
     group_of(kMember + "    check: {kind: tcp, path: /}\n"),
     {"f.yaml:4:30: check.path: '/': has no effect while check.kind is tcp; leave it out"}},
    {"expects_nothing",
     group_of(kMember + "    check: {kind: expect}\n"),
     {"f.yaml:4:19: check.kind: 'expect': waits for nothing; expected check.expect, the bytes to wait for"}},
    {"an_agent_without_a_port",
     group_of(kMember + "    check: {kind: agent}\n"),
     {"f.yaml:4:19: check.kind: 'agent': the agent has a port of its own; expected check.port"}},
    {"a_check_of_udp",
     "groups: {web: {check: {kind: tcp}, members: ['udp:a:53']}}\nforwardings: [{listen: 'udp::53', connect: "
     "'group:web'}]\n",
     {"f.yaml:1:30: check.kind: 'tcp': checks connect by tcp, and the members are udp; expected check.port, a tcp port "
      "of theirs"}},
    {"ejects_for_nothing",
     group_of(kMember + "    ejection: {after: 2, on: []}\n"),
     {"f.yaml:4:26: ejection.on: nothing ejects a member; expected one of connect-failure, early-reset, reset-unread "
      "or "
      "timeout, or ejection.after to be none"}},
    {"longer_than_the_longest",
     group_of(kMember + "    ejection: {after: 2, time: 10m}\n"),
     {"f.yaml:4:32: ejection.time: '10m': is more than ejection.longest, 5m (the default); expected at most that"}},
    {"bounds_of_the_ttl",
     group_of(kMember + "    names: {resolver: dns, ttl-min: 10m}\n"),
     {"f.yaml:4:37: names.ttl-min: '10m': is more than names.ttl-max, 5m (the default); expected at most that"}},
    {"servers_without_dns",
     group_of(kMember + "    names: {servers: 10.0.0.53}\n"),
     {"f.yaml:4:22: names.servers: '10.0.0.53': has no effect while names.resolver is system; leave it out"}},
    {"names_of_a_forwarding_with_a_group",
     group_of(kMember, "    names: {family: ipv4}\n"),
     {"f.yaml:7:21: names.family: 'ipv4': has no effect while connect is a group, only while it is a host name; leave "
      "it out"}},
    {"names_for_an_address",
     forwarding_with("    names: {family: ipv4}\n"),
     {"f.yaml:4:21: names.family: 'ipv4': has no effect while connect is a numeric address, only while it is a host "
      "name; leave it out"}},
    {"reset_without_replay",
     forwarding_with("    retry: {retry-on: [connect-failure, reset]}\n"),
     {"f.yaml:4:13: retry.retry-on: 'reset': lastbyte can send again only what it holds; expected retry.replay, the "
      "number of bytes to hold"}},
    {"a_reason_given_twice",
     forwarding_with("    retry: {retry-on: [connect-failure, connect-failure]}\n"),
     {"f.yaml:4:41: retry.retry-on: 'connect-failure': given twice; expected each once"}},
    {"an_unknown_reason",
     forwarding_with("    retry: {retry-on: 5xx}\n"),
     {"f.yaml:4:23: retry.retry-on: '5xx': expected connect-failure or reset"}},
    {"a_retry_setting_without_a_reason",
     forwarding_with("    retry: {backoff: 5ms}\n"),
     {"f.yaml:4:22: retry.backoff: '5ms': has no effect while retry.retry-on is none; leave it out"}},
    {"retries_of_datagrams",
     "forwardings: [{listen: 'udp::53', connect: 'udp:a:53', retry: {retry-on: connect-failure}}]\n",
     {"f.yaml:1:74: retry.retry-on: 'connect-failure': has no effect while connect is udp, only while it is tcp or "
      "unix; "
      "leave it out"}},
    {"checks_in_two_places",
     "groups: {web: {members: ['tcp:a:1'], check: {kind: tcp}}}\n"
     "forwardings:\n"
     "  - {name: one, listen: 'tcp::80', connect: 'group:web', upstream: {netns: blue}}\n"
     "  - {name: two, listen: 'tcp::81', connect: 'group:web', upstream: {netns: red}}\n"
     "  - {name: three, listen: 'tcp::82', connect: 'group:web'}\n",
     {"f.yaml:4:76: upstream.netns: 'red': group 'web' has checks, and forwarding 'one' has them made in another "
      "network namespace, blue (f.yaml:3:76); expected the same, or a group of its own",
      "f.yaml:5:5: upstream.netns: 'none': group 'web' has checks, and forwarding 'one' has them made in another "
      "network namespace, blue (f.yaml:3:76); expected the same, or a group of its own"}},
    {"no_checks_in_two_places",
     "groups: {web: {members: ['tcp:a:1']}}\n"
     "forwardings:\n"
     "  - {name: one, listen: 'tcp::80', connect: 'group:web', upstream: {netns: blue}}\n"
     "  - {name: two, listen: 'tcp::81', connect: 'group:web'}\n",
     {}},
    {"a_source_of_another_family",
     group_of("    members: [{connect: 'tcp:10.0.0.1:80', sources: ['::1']}]\n"),
     {"f.yaml:3:54: sources: '::1': is IPv6, but the upstream, 10.0.0.1, is IPv4; expected the same"}},
};

class WrongGroup : public testing::TestWithParam<Case> {};

TEST_P(WrongGroup, is_told_with_place_value_and_expectation) {
  const Loaded loaded = load_yaml(GetParam().yaml, "f.yaml");
  std::vector<std::string> problems;
  for (const Problem& problem : loaded.problems) problems.push_back(problem.text());
  EXPECT_EQ(problems, GetParam().problems);
  EXPECT_EQ(loaded.config.has_value(), GetParam().problems.empty());
}

INSTANTIATE_TEST_SUITE_P(Shape, WrongGroup, testing::ValuesIn(kGroupShapes), case_name);
INSTANTIATE_TEST_SUITE_P(Meaning, WrongGroup, testing::ValuesIn(kGroupMeanings), case_name);

}  // namespace
}  // namespace lastbyte::config
