// What endpoints allow, and do to each other: right files.
#include <gtest/gtest.h>

#include "config/settings/config.h"

namespace lastbyte::config {
namespace {

using std::chrono::seconds;

Config config_in(const std::string& text) {
  const Loaded loaded = load_yaml(text, "f.yaml");
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.text();
  return loaded.config.value_or(Config{});
}

// A file may say in its defaults what only some of its endpoints can have.
TEST(Endpoints, defaults_go_to_the_endpoints_that_can_have_them) {
  const Config config = config_in(R"(
defaults:
  linger: {mode: always, time: 20s}
  limits: {idle: 1h, datagram-idle: 5s, proxy-header: 2s}
  early-fin: abort
  when-full: oldest
  client: {mark: 7, backlog: 9, netns: blue, root: /r, unix-mode: 0600, keepalive: {count: 2}, proxy-protocol: required}
  upstream: {nodelay: false, sources: [10.0.0.2], netns: red, root: 'pid:7', proxy-protocol: v1}
forwardings:
  - {listen: 'tcp::1', connect: 'tcp:10.0.0.1:1'}
  - {listen: 'udp::1', connect: 'udp:10.0.0.1:1'}
  - {listen: 'unix:/a', connect: 'unix:/b'}
  - {listen: 'unix:@a', connect: 'unix:@b'}
  - {listen: 'tcp::2', connect: 'udp:10.0.0.1:1'}
)");
  const relay::Forwarding standard;
  const relay::Forwarding& tcp = config.forwardings.at(0);
  EXPECT_EQ(tcp.client.socket.mark, 7U);
  EXPECT_EQ(tcp.client.unix_file, net::UnixFile{});
  EXPECT_EQ(tcp.when_full, relay::WhenFull::refuse);
  EXPECT_EQ(tcp.limits.datagram_idle, standard.limits.datagram_idle);
  const relay::Forwarding& udp = config.forwardings.at(1);
  EXPECT_EQ(udp.linger, standard.linger);
  EXPECT_EQ(udp.early_fin, standard.early_fin);
  EXPECT_EQ(udp.limits.idle, standard.limits.idle);
  EXPECT_EQ(udp.limits.datagram_idle, seconds(5));
  EXPECT_EQ(udp.limits.proxy_header, standard.limits.proxy_header) << "in turn: its listener takes no header";
  EXPECT_EQ(udp.when_full, relay::WhenFull::oldest);
  EXPECT_EQ(udp.client.backlog, standard.client.backlog);
  EXPECT_EQ(udp.client.socket.mark, 7U);
  EXPECT_EQ(udp.client.socket.keepalive, standard.client.socket.keepalive);
  EXPECT_EQ(udp.upstream.sources.size(), 1U);
  EXPECT_EQ(udp.proxy_header, relay::ProxyHeader::off);
  EXPECT_EQ(udp.send_proxy, std::nullopt);
  const relay::Forwarding& path = config.forwardings.at(2);
  EXPECT_EQ(path.client.socket, standard.client.socket);
  EXPECT_EQ(path.client.backlog, 9);
  EXPECT_EQ(path.client.unix_file.mode, 0600U);
  EXPECT_EQ(path.client.root.text(), "/r");
  EXPECT_EQ(path.upstream.root.text(), "pid:7");
  EXPECT_TRUE(path.client.netns.own());
  EXPECT_TRUE(path.upstream.netns.own());
  EXPECT_TRUE(path.upstream.sources.empty());
  EXPECT_EQ(path.linger.time, seconds(20));
  EXPECT_EQ(path.proxy_header, relay::ProxyHeader::required);
  EXPECT_TRUE(path.send_proxy);
  const relay::Forwarding& abstract = config.forwardings.at(3);
  EXPECT_EQ(abstract.client.unix_file, net::UnixFile{});
  EXPECT_EQ(abstract.client.netns.text(), "blue");
  EXPECT_EQ(abstract.upstream.netns.text(), "red");
  EXPECT_TRUE(abstract.client.root.own());
  EXPECT_TRUE(abstract.upstream.root.own());
  const relay::Forwarding& mixed = config.forwardings.at(4);
  EXPECT_EQ(mixed.limits.idle, std::chrono::hours(1));
  EXPECT_EQ(mixed.limits.datagram_idle, seconds(5));
  EXPECT_EQ(mixed.send_proxy, std::nullopt);
}

TEST(Endpoints, ports_go_one_to_one_or_all_to_one) {
  const auto both = [](const std::string& listen, const std::string& connect) {
    return config_in("forwardings: [{listen: '" + listen + "', connect: '" + connect + "'}]").forwardings.front();
  };
  EXPECT_EQ(both("tcp::1-3", "tcp:h:7-9").connect.count(), 3U);
  EXPECT_EQ(both("tcp::1-3", "tcp:h:7,9,8").connect.count(), 3U);
  EXPECT_EQ(both("tcp::1-3,9", "tcp:h:7").listen.count(), 4U);
  EXPECT_EQ(both("tcp::1-3", "unix:/x").listen.count(), 3U);
  EXPECT_EQ(both("udp::1-3", "udp:h:7-9").listen.count(), 3U);
  EXPECT_EQ(both("unix:/x", "tcp:h:7").listen.count(), 1U);
  EXPECT_EQ(both("tcp::0", "tcp:h:7").listen.count(), 1U);
}

TEST(Endpoints, listeners_that_do_not_conflict_stand_beside_each_other) {
  const auto both = [](const std::string& a, const std::string& b) {
    return config_in("defaults: {connect: 'tcp:h:1'}\nforwardings:\n  - {name: a, " + a + "}\n  - {name: b, " + b +
                     "}\n")
        .forwardings.size();
  };
  EXPECT_EQ(both("listen: 'tcp:0.0.0.0:80'", "listen: 'tcp:[::]:80'"), 2U);  // v6only
  EXPECT_EQ(both("listen: 'tcp:127.0.0.1:80'", "listen: 'tcp:127.0.0.2:80'"), 2U);
  EXPECT_EQ(both("listen: 'tcp::80'", "listen: 'tcp::81'"), 2U);
  EXPECT_EQ(both("listen: 'tcp:127.0.0.1:0'", "listen: 'tcp:127.0.0.1:0'"), 2U);
  EXPECT_EQ(both("listen: 'tcp::53'", "listen: 'udp::53', connect: 'udp:h:1'"), 2U);
  EXPECT_EQ(both("listen: 'tcp::80-82'", "listen: 'tcp::83-85'"), 2U);
  EXPECT_EQ(both("listen: 'tcp::80-82'", "listen: 'udp::80-82', connect: 'udp:h:1'"), 2U);
  EXPECT_EQ(both("listen: 'tcp::80'", "listen: 'tcp::80', client: {netns: blue}"), 2U);
  EXPECT_EQ(both("listen: 'tcp::80', client: {netns: 'pid:1'}", "listen: 'tcp::80', client: {netns: blue}"), 2U);
  EXPECT_EQ(both("listen: 'unix:@a'", "listen: 'unix:@a', client: {netns: blue}"), 2U);
  EXPECT_EQ(both("listen: 'unix:/a'", "listen: 'unix:/b'"), 2U);
  EXPECT_EQ(both("listen: 'unix:/a'", "listen: 'unix:@/a'"), 2U);
  EXPECT_EQ(both("listen: 'unix:/a'", "listen: 'unix:/a', client: {root: 'pid:7'}"), 2U);
  EXPECT_EQ(both("listen: 'unix:/a', client: {root: /r}", "listen: 'unix:/a', client: {root: 'pid:7'}"), 2U);
  EXPECT_EQ(
      both("listen: 'tcp:0.0.0.0:80', client: {interface: a}", "listen: 'tcp:0.0.0.0:80', client: {interface: b}"), 2U);
}

TEST(Endpoints, T14_a_path_through_a_process_is_one_in_its_root) {
  const Config config = config_in(
      "forwardings:\n  - {listen: 'unix:/proc/7/root/run/a', connect: 'unix:/proc/8/task/9/root/run/b'}\n"
      "  - {listen: 'unix:/proc/7/cwd/a', connect: 'unix:/proc/self/root/b'}\n");
  const relay::Forwarding& first = config.forwardings.at(0);
  EXPECT_EQ(first.name, "unix:/proc/7/root/run/a") << "as it was written";
  EXPECT_EQ(first.listen.path, "/run/a");
  EXPECT_EQ(first.client.root.text(), "pid:7");
  EXPECT_EQ(first.connect.path, "/run/b");
  EXPECT_EQ(first.upstream.root.text(), "/proc/8/task/9/root");
  const relay::Forwarding& second = config.forwardings.at(1);
  EXPECT_EQ(second.listen.path, "/a");
  EXPECT_EQ(second.client.root.text(), "/proc/7/cwd");
  EXPECT_EQ(second.connect.path, "/proc/self/root/b") << "our own";
  EXPECT_TRUE(second.upstream.root.own());
}

TEST(Endpoints, a_chain_of_forwardings_is_no_loop) {
  const Config config = config_in(
      "forwardings:\n  - {listen: 'tcp:127.0.0.1:1', connect: 'tcp:127.0.0.1:2'}\n"
      "  - {listen: 'tcp:127.0.0.1:2', connect: 'tcp:127.0.0.1:3'}\n");
  EXPECT_EQ(config.forwardings.size(), 2U);
}

TEST(Endpoints, the_same_port_on_another_machine_is_no_loop) {
  EXPECT_EQ(config_in("forwardings:\n  - {listen: 'tcp::80', connect: 'tcp:10.0.0.1:80'}\n").forwardings.size(), 1U);
  EXPECT_EQ(
      config_in("forwardings:\n  - {listen: 'tcp:10.0.0.1:80', connect: 'tcp:127.0.0.1:80'}\n").forwardings.size(), 1U);
}

TEST(Endpoints, the_same_port_of_another_kind_or_place_is_no_loop) {
  for (const std::string forwarding :
       {"{listen: 'tcp::53', connect: 'udp:127.0.0.1:53'}",
        "{listen: 'tcp::80', connect: 'tcp:127.0.0.1:80', upstream: {netns: blue}}",
        "{listen: 'tcp::80', connect: 'tcp:127.0.0.1:80', client: {netns: blue}}",
        "{listen: 'unix:@a', connect: 'unix:@a', upstream: {netns: blue}}",
        "{listen: 'unix:/a', connect: 'unix:/a', upstream: {root: 'pid:7'}}",
        "{listen: 'unix:/a', connect: 'unix:@/a'}", "{listen: 'tcp::80-82', connect: 'tcp:127.0.0.1:83-85'}",
        // Each port leads to the next one, and the last one out.
        "{listen: 'tcp::80-82', connect: 'tcp:127.0.0.1:81-83'}"}) {
    EXPECT_EQ(config_in("forwardings: [" + forwarding + "]").forwardings.size(), 1U) << forwarding;
  }
}

}  // namespace
}  // namespace lastbyte::config
