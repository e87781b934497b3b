// What right files and flags mean.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <map>
#include <tuple>

#include "config/settings/config.h"
#include "config/settings/settings.h"

namespace lastbyte::config {
namespace {

using std::chrono::seconds;

std::string problems_of(const Loaded& loaded) {
  std::string text;
  for (const Problem& problem : loaded.problems) text += problem.text() + "\n";
  return text;
}

/// The config of a file that must be right.
Config config_of(const Loaded& loaded) {
  EXPECT_TRUE(loaded.config) << problems_of(loaded);
  EXPECT_EQ(problems_of(loaded), "");
  return loaded.config.value_or(Config{});
}

Config yaml(const std::string& text) { return config_of(load_yaml(text, "f.yaml")); }

const std::string kOneForwarding = "forwardings:\n  - listen: tcp:127.0.0.1:80\n    connect: tcp:db.example:5432\n";

Config expected_of_one() {
  Config config;
  relay::Forwarding forwarding;
  forwarding.name = "tcp:127.0.0.1:80";
  forwarding.listen = net::Endpoint::tcp("127.0.0.1", 80);
  forwarding.connect = net::Endpoint::tcp("db.example", 5432);
  config.forwardings.push_back(forwarding);
  return config;
}

TEST(LoadYaml, least_file_leaves_all_defaults) { EXPECT_EQ(yaml(kOneForwarding), expected_of_one()); }

TEST(LoadFlags, least_flags_mean_the_same_as_the_least_file) {
  EXPECT_EQ(config_of(load_flags({{"listen", "tcp:127.0.0.1:80"}, {"connect", "tcp:db.example:5432"}})),
            expected_of_one());
}

/// So many that a search through all of them for each of them would take minutes.
std::string many_networks(const std::string& separator) {
  std::string text;
  for (int i = 0; i < 1 << 19; ++i) {
    text += text.empty() ? "" : separator;
    for (const int shift : {20, 12, 4}) text += std::to_string(i >> shift & 255) + ".";
    text += std::to_string((i & 15) << 4) + "/28";
  }
  return text;
}

TEST(LoadFlags, T12_half_a_million_networks_are_read_and_compared) {
  const std::vector<Flag> flags{
      {"listen", "tcp::80"}, {"connect", "tcp:db.example:5432"}, {"client-deny", many_networks(",")}};
  const Config config = config_of(load_flags(flags));
  EXPECT_EQ(config.forwardings.front().access.deny.size(), 1U << 19);
  EXPECT_EQ(config, config_of(load_flags(flags)));
}

TEST(LoadFlags, each_of_many_wrong_networks_is_told_once) {
  std::string wrong;
  for (int i = 0; i < 1 << 19; ++i) wrong += (i == 0 ? "x" : ",x") + std::to_string(i);
  const Loaded loaded = load_flags({{"listen", "tcp::80"}, {"connect", "tcp:db.example:5432"}, {"client-deny", wrong}});
  EXPECT_EQ(loaded.problems.size(), 1U << 19);
}

TEST(LoadYaml, forwardings_share_the_networks_of_the_defaults) {
  const Config config = yaml(
      "defaults: {client: {deny: [10.0.0.0/8, 192.168.0.0/16]}}\nforwardings:\n"
      "  - {listen: tcp::1, connect: tcp:a:1}\n  - {listen: tcp::2, connect: tcp:a:1}\n");
  const auto& [first, second] = std::tie(config.forwardings[0].access.deny, config.forwardings[1].access.deny);
  EXPECT_EQ(first.size(), 2U);
  EXPECT_EQ(&*first.begin(), &*second.begin()) << "one list in memory";
}

TEST(LoadYaml, reaches_every_member) {
  const Config config = yaml(R"(
workers: 3
io: io-uring
max-sessions: 1000
drain: 1m
log: {target: ./log.json, format: json}
user: nobody
group: nogroup
forwardings:
  - name: web
    listen: tcp:[::1]:443
    connect: tcp:10.0.0.1:8443
    early-fin: abort
    max-sessions: 100
    max-sessions-per-client: 10
    limits: {connect: 1s, idle: 2s, half-close: 3s, reset-flush: 4s, proxy-header: 7s}
    linger: {mode: on, time: 6s, timeout: 5500ms}
    client:
      nodelay: false
      keepalive: {enabled: true, idle: 1s, interval: 2s, count: 3}
      user-timeout: 4s
      send-buffer: 8k
      receive-buffer: 16k
      mark: 5
      interface: lo
      backlog: 128
      defer-accept: 6s
      fast-open: 7
      freebind: true
      reuse-port: true
      netns: /run/netns/blue
      allow: [10.0.0.0/8, '2001:db8::/32']
      deny: 10.0.0.1
      proxy-protocol: required
      proxy-trusted: [10.0.0.2]
    upstream:
      nodelay: false
      keepalive: {enabled: false}
      user-timeout: 8s
      send-buffer: 32k
      receive-buffer: 64k
      mark: 0x9
      interface: eth0
      fast-open: true
      sources: [10.0.0.9, 10.0.0.10]
      netns: pid:1234
      proxy-protocol: v2
)");
  EXPECT_EQ(config.workers, 3U);
  EXPECT_EQ(config.io, Io::io_uring);
  EXPECT_EQ(config.max_sessions, 1000U);
  EXPECT_EQ(config.drain, seconds(60));
  EXPECT_EQ(config.log, (Log{.format = LogFormat::json, .target = "./log.json"}));
  EXPECT_EQ(config.user, "nobody");
  EXPECT_EQ(config.group, "nogroup");
  ASSERT_EQ(config.forwardings.size(), 1U);
  relay::Forwarding expected;
  expected.name = "web";
  expected.listen = net::Endpoint::tcp("::1", 443);
  expected.connect = net::Endpoint::tcp("10.0.0.1", 8443);
  expected.early_fin = relay::EarlyFin::abort;
  expected.max_sessions = 100;
  expected.max_sessions_per_client = 10;
  expected.limits.connect = seconds(1);
  expected.limits.idle = seconds(2);
  expected.limits.half_close = seconds(3);
  expected.limits.reset_flush = seconds(4);
  expected.limits.proxy_header = seconds(7);
  expected.linger = {termination::LingerMode::on, seconds(6), std::chrono::milliseconds(5500)};
  expected.client.socket = {.nodelay = false,
                            .keepalive = {.enabled = true, .idle = seconds(1), .interval = seconds(2), .count = 3},
                            .user_timeout = seconds(4),
                            .send_buffer = 8192,
                            .receive_buffer = 16384,
                            .mark = 5,
                            .interface = "lo"};
  expected.client.backlog = 128;
  expected.client.defer_accept = seconds(6);
  expected.client.fast_open = 7;
  expected.client.freebind = true;
  expected.client.reuse_port = true;
  expected.client.netns = {net::NamespaceName::Kind::path, "/run/netns/blue", 0};
  expected.access.allow = {*net::Cidr::parse("10.0.0.0/8"), *net::Cidr::parse("2001:db8::/32")};
  expected.access.deny = {*net::Cidr::parse("10.0.0.1")};
  expected.proxy_header = relay::ProxyHeader::required;
  expected.proxy_trusted = {*net::Cidr::parse("10.0.0.2")};
  expected.upstream.socket = {.nodelay = false,
                              .keepalive = {.enabled = false},
                              .user_timeout = seconds(8),
                              .send_buffer = 32768,
                              .receive_buffer = 65536,
                              .mark = 9,
                              .interface = "eth0"};
  expected.upstream.fast_open = true;
  expected.upstream.sources = {*net::Address::parse("10.0.0.9", 0), *net::Address::parse("10.0.0.10", 0)};
  expected.upstream.netns = {net::NamespaceName::Kind::pid, "", 1234};
  expected.send_proxy = net::proxy_protocol::Version::v2;
  EXPECT_EQ(config.forwardings.front(), expected);
}

TEST(LoadYaml, forwardings_begin_with_the_defaults_and_win_over_them) {
  const Config config = yaml(R"(
defaults:
  connect: tcp:10.0.0.1:1
  linger: {mode: on, time: 20s}
  client: {mark: 7, keepalive: {count: 2}}
  upstream: {sources: [10.0.0.2]}
  max-sessions: 5
forwardings:
  - listen: tcp::1
  - listen: tcp::2
    linger: {mode: off}
    client: {mark: none, keepalive: {enabled: false}}
    upstream: {sources: []}
    max-sessions: none
)");
  const relay::Forwarding& first = config.forwardings.at(0);
  EXPECT_EQ(first.linger.time, seconds(20));
  EXPECT_EQ(first.client.socket.mark, 7U);
  EXPECT_EQ(first.client.socket.keepalive.count, 2);
  EXPECT_EQ(first.upstream.sources.size(), 1U);
  EXPECT_EQ(first.max_sessions, 5U);
  const relay::Forwarding& second = config.forwardings.at(1);
  EXPECT_EQ(second.connect, first.connect);
  // What is off leaves the values beside it without effect, and so at their defaults.
  EXPECT_EQ(second.linger.mode, termination::LingerMode::off);
  EXPECT_EQ(second.linger.time, relay::Linger{}.time);
  EXPECT_EQ(second.client.socket.keepalive, (net::Keepalive{.enabled = false}));
  EXPECT_EQ(second.client.socket.mark, std::nullopt);
  EXPECT_TRUE(second.upstream.sources.empty());
  EXPECT_EQ(second.max_sessions, std::nullopt);
}

TEST(LoadYaml, defaults_in_turn_and_their_place_in_the_file_do_not_matter) {
  EXPECT_EQ(yaml(kOneForwarding + "defaults: {limits: {idle: 1h}}\n"),
            yaml("defaults: {limits: {idle: 1h}}\n" + kOneForwarding));
}

TEST(LoadYaml, blocks_whose_keys_are_commented_out_are_nothing) {
  EXPECT_EQ(yaml("log:\n#  format: json\ndefaults:\n" + kOneForwarding + "    limits:\n    #  idle: 1h\n"),
            expected_of_one());
}

TEST(LoadYaml, what_may_be_at_most_another_may_equal_it) {
  const Config config = yaml("max-sessions: 7\n" + kOneForwarding +
                             "    linger: {time: 3s, timeout: 3s}\n    client: {backlog: 5, fast-open: 5}\n"
                             "    max-sessions: 7\n    max-sessions-per-client: 7\n");
  EXPECT_EQ(config.forwardings.size(), 1U);
}

TEST(LoadYaml, source_ports_need_one_worker) {
  const Config config = yaml("workers: 1\n" + kOneForwarding + "    upstream: {sources: ['10.0.0.1:4000']}\n");
  EXPECT_EQ(config.forwardings.front().upstream.sources.front().address.port(), 4000);
}

TEST(LoadYaml, flags_of_the_process_win_over_the_file) {
  const Loaded loaded = load_yaml("workers: 2\nlog: {sessions: failures}\n" + kOneForwarding, "f.yaml",
                                  {{"workers", "3"}, {"log-target", "off"}, {"max-sessions", "9"}});
  const Config config = config_of(loaded);
  EXPECT_EQ(config.workers, 3U);
  EXPECT_EQ(config.max_sessions, 9U);
  // The flag leaves the file's choice without effect, which is no fault of the file.
  EXPECT_EQ(config.log, (Log{.target = "off", .sessions = LogSessions::all}));
}

TEST(LoadYaml, flags_of_a_forwarding_are_refused_beside_a_file) {
  const Loaded loaded = load_yaml(kOneForwarding, "f.yaml", {{"listen", "tcp::1"}, {"linger-time", "9s"}});
  EXPECT_EQ(problems_of(loaded),
            "--listen: sets a forwarding, and the forwardings come from f.yaml; set 'listen' there\n"
            "--linger-time: sets a forwarding, and the forwardings come from f.yaml; set 'linger.time' there\n");
}

TEST(LoadFlags, problems_name_the_flag) {
  EXPECT_EQ(problems_of(load_flags({{"listen", "tcp::70000"}, {"drain", "5"}, {"client-mark", "x"}})),
            "--drain: '5': has no unit; expected a duration such as 500ms, 5s, 2m, 1h or 1d\n"
            "--listen: 'tcp::70000': the port is '70000'; expected 0 to 65535\n"
            "--client-mark: 'x': not a whole number; expected 0 to 4294967295, or 0x0 to 0xffffffff, or none\n"
            "--connect: missing; expected tcp:HOST:PORTS, tcp:[V6]:PORTS, the same with udp, unix:/PATH, unix:@NAME or "
            "group:NAME\n");
}

TEST(LoadFlags, given_twice_is_a_problem) {
  EXPECT_EQ(problems_of(load_flags({{"listen", "tcp::1"}, {"connect", "tcp:h:1"}, {"listen", "tcp::2"}})),
            "--listen: given twice, as 'tcp::1' and 'tcp::2'; expected once\n");
}

TEST(LoadFlags, combinations_are_checked_as_in_a_file) {
  EXPECT_EQ(problems_of(load_flags({{"listen", "tcp::1"}, {"connect", "tcp:localhost:1"}, {"linger-time", "1s"}})),
            "--linger-time: '1s': is less than linger.timeout, 5s (the default); expected at least that, or it never "
            "takes effect\n"
            "--connect: 'tcp:localhost:1': leads to its own listener 'tcp::1' (--listen), which makes a loop\n");
}

TEST(LoadFlags, lists_take_commas_and_repetition) {
  const Config config = config_of(load_flags({{"listen", "tcp::1"},
                                              {"connect", "tcp:h:1"},
                                              {"upstream-sources", "10.0.0.1,10.0.0.2"},
                                              {"upstream-sources", "10.0.0.3"}}));
  EXPECT_EQ(config.forwardings.front().upstream.sources.size(), 3U);
  EXPECT_EQ(problems_of(load_flags({{"listen", "tcp::1"}, {"connect", "tcp:h:1"}, {"upstream-sources", "10.0.0.1,"}})),
            "--upstream-sources: '': not an address; expected a numeric address such as 10.0.0.1, 10.0.0.1:4000, "
            "10.0.0.1:40000-49999, ::1 or "
            "[::1]:4000\n");
}

TEST(LoadFile, that_cannot_be_read_is_a_problem) {
  const Loaded missing = load_file("/nonexistent/f.yaml");
  EXPECT_FALSE(missing.config);
  EXPECT_EQ(problems_of(missing), "--config: open /nonexistent/f.yaml: No such file or directory (ENOENT)\n");
  EXPECT_EQ(problems_of(load_file("/")), "--config: read /: Is a directory (EISDIR)\n");
}

TEST(LoadFile, example_of_the_documentation_is_right) {
  const Config config = config_of(load_file(LASTBYTE_SOURCE_DIR "/docs/example.yaml"));
  EXPECT_GE(config.forwardings.size(), 2U);
}

}  // namespace
}  // namespace lastbyte::config
