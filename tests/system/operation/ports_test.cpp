// Many ports in one forwarding: one to one, all to one, a thousand.
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "net/tcp/listen.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

/// Returns an address of 127.0.0.0/8 on which no other test listens: all its ports are free.
std::string own_host() {
  const auto pid = static_cast<unsigned>(::getpid());
  return "127." + std::to_string(64 + (pid >> 14U) % 128) + "." + std::to_string((pid >> 7U) % 128) + "." +
         std::to_string(1 + pid % 127);
}

net::Address at(std::uint16_t port) { return *net::Address::parse(own_host(), port); }

/// Sends a request and expects an answer of `answer` bytes.
void expect_answer(const net::Address& proxy, std::uint64_t answer) {
  Client client(proxy, script("send 10; shutdown; expect fin"));
  const Observed& seen = client.wait();
  EXPECT_TRUE(seen.as_scripted()) << proxy.text() << ": " << seen.text();
  EXPECT_EQ(seen.received, answer) << proxy.text();
}

/// Sorts by listener: workers write records in any order.
std::map<std::string, Record> by_listen(const std::vector<Record>& records) {
  std::map<std::string, Record> out;
  for (const Record& record : records) out.emplace(record.listen, record);
  return out;
}

std::string port_of(const Server& server) { return std::to_string(server.address().port()); }

// LXD: N ports to N ports.
TEST(Ports, each_leads_to_that_of_its_place) {
  Server first = start_server("expect fin; send 100; close", {}, std::nullopt);
  Server second = start_server("expect fin; send 200; close", {}, std::nullopt);
  Server third = start_server("expect fin; send 300; close", {}, std::nullopt);
  Proxy::Options options;
  options.config = "forwardings:\n  - name: web\n    listen: tcp:" + own_host() +
                   ":7001,7000,7002\n    connect: tcp:" + "127.0.0.1:" + port_of(first) + "," + port_of(second) + "," +
                   port_of(third) + "\n";
  Proxy proxy(first.address(), options);
  expect_answer(at(7001), 100);
  expect_answer(at(7000), 200);
  expect_answer(at(7002), 300);
  const auto records = by_listen(proxy.records(3));
  for (const auto& [port, server] : {std::pair{7001, &first}, std::pair{7000, &second}, std::pair{7002, &third}}) {
    const auto record = records.find(own_host() + ":" + std::to_string(port));
    ASSERT_NE(record, records.end()) << port;
    EXPECT_TRUE(record->second.complete) << record->second.line;
    EXPECT_EQ(record->second.forwarding, "web");
    EXPECT_EQ(record->second.upstream.address, server->address().text());
  }
  for (Server* server : {&first, &second, &third}) server->stop();
}

// LXD: N ports to one. Limits are those of the forwarding, whichever the port.
TEST(Ports, all_lead_to_one_and_share_the_forwardings_limits) {
  Meeting meeting;
  PeerOptions peers;
  peers.meeting = &meeting;
  Server server = start_server("send 1; expect fin; close", peers, std::nullopt);
  Proxy::Options options;
  options.listen = "tcp:" + own_host() + ":7000-7002";
  options.flags = {"--max-sessions-per-listener", "2"};
  Proxy proxy(server.address(), options);
  std::vector<Client> clients;
  for (std::uint16_t port = 7000; port <= 7002; ++port)
    clients.emplace_back(at(port), script("recv 1; signal in; await go; shutdown; expect fin"), peers);
  EXPECT_TRUE(eventually([&] { return meeting.count("in") == 2; }));
  EXPECT_FALSE(eventually([&] { return meeting.count("in") > 2; }, milliseconds(200)));
  meeting.signal("go");
  for (Client& client : clients) EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  for (const Record& record : proxy.records(3)) EXPECT_TRUE(record.complete) << record.line;
  server.stop();
}

TEST(Ports, a_thousand_start_are_served_and_are_told) {
  constexpr std::uint16_t kFirst = 20000;
  constexpr std::uint16_t kLast = 20999;
  constexpr std::uint16_t kStep = 50;
  Server server = start_server("expect fin; send 5000; close", {}, std::nullopt);
  Proxy::Options options;
  options.listen = "tcp:" + own_host() + ":" + std::to_string(kFirst) + "-" + std::to_string(kLast);
  Proxy proxy(server.address(), options);
  std::size_t sessions = 0;
  for (std::uint16_t port = kFirst; port <= kLast; port += kStep, ++sessions) expect_answer(at(port), 5000);
  expect_answer(at(kLast), 5000);
  const auto records = by_listen(proxy.records(sessions + 1));
  EXPECT_EQ(records.size(), sessions + 1) << "each names its own";
  for (std::uint16_t port = kFirst; port <= kLast; port += kStep)
    EXPECT_TRUE(records.contains(at(port).text())) << port;
  EXPECT_TRUE(records.contains(at(kLast).text()));
  for (const auto& [listen, record] : records) EXPECT_TRUE(record.complete) << record.line;
  // The start prints it in one line.
  const std::string err = proxy.process().err();
  EXPECT_NE(err.find("listening on " + at(kFirst).text() + " -> "), std::string::npos) << err;
  EXPECT_NE(err.find(", 1000 ports)"), std::string::npos) << err;
  EXPECT_LT(err.size(), 1000U) << err;
  EXPECT_FALSE(net::listen_tcp(at(kLast), {}, 1)) << "the last port is ours";
  server.stop();
}

TEST(Ports, of_a_text_record_are_told_where_there_are_several) {
  Server server = start_server("expect fin; close", {}, std::nullopt);
  const auto record_of = [&](const std::string& listen) {
    TemporaryDirectory directory;
    Proxy::Options options;
    options.listen = "tcp:" + own_host() + ":" + listen;
    options.flags = {"--log-format", "text", "--log-target", directory.file("log")};
    const Proxy proxy(server.address(), options);
    Client(proxy.address(), script("shutdown; expect fin")).wait();
    EXPECT_TRUE(eventually([&] { return read_file(directory.file("log")).ends_with('\n'); }));
    return read_file(directory.file("log"));
  };
  EXPECT_NE(record_of("7000-7001").find(" listen=" + at(7000).text() + "\n"), std::string::npos);
  EXPECT_EQ(record_of("0").find(" listen="), std::string::npos);
  server.stop();
}

// The kernel chooses one port for all addresses, and the daemon prints it.
TEST(Ports, port_zero_is_one_of_the_kernels_choice) {
  Server server = start_server("expect fin; send 7; close", {}, std::nullopt);
  Proxy::Options options;
  options.listen = "tcp:" + own_host() + ":0";
  Proxy proxy(server.address(), options);
  ASSERT_NE(proxy.address().port(), 0);
  expect_answer(proxy.address(), 7);
  EXPECT_EQ(proxy.record().listen, proxy.address().text());
  server.stop();
}

TEST(Ports, one_that_is_in_use_is_named_and_nothing_starts) {
  const auto taken = net::listen_tcp(at(7001), {}, 1);
  ASSERT_TRUE(taken) << taken.error().text();
  Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--listen", "tcp:" + own_host() + ":7000-7002", "--connect",
                                 "tcp:127.0.0.1:9"}});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_NE(process.err().find(at(7001).text()), std::string::npos) << process.err();
  EXPECT_NE(process.err().find("EADDRINUSE"), std::string::npos) << process.err();
}

TEST(Ports, that_do_not_match_are_an_error_with_both_counts) {
  Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--listen", "tcp:" + own_host() + ":7000-7009", "--connect",
                                 "tcp:127.0.0.1:9,10,11"}});
  EXPECT_EQ(process.wait(), 2);
  EXPECT_EQ(process.err(), "lastbyte proxy: --connect: 'tcp:127.0.0.1:9,10,11': 3 ports for the 10 of listen, tcp:" +
                               own_host() + ":7000-7009 (--listen); expected as many, or one\n");
}

// A thousand ports and few descriptors: the start reports it (T12).
TEST(Ports, count_among_the_descriptors_that_the_start_needs) {
  Process process({.arguments = {LASTBYTE_BINARY, "proxy", "--workers", "2", "--listen",
                                 "tcp:" + own_host() + ":20000-20999", "--connect", "tcp:127.0.0.1:9"},
                   .descriptors = 3000});
  EXPECT_EQ(process.wait(), 1);
  EXPECT_NE(process.err().find("2 workers with 2000 listening sockets need 3108 file descriptors for one session, but "
                               "the limit is 3000"),
            std::string::npos)
      << process.err();
}

}  // namespace
}  // namespace lastbyte::system_test
