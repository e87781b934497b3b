// PROXY headers from clients: before a header is complete, no upstream is connected; no byte after it is lost.
#include "tests/harness/greeting.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/socket/calls.h"
#include "tests/harness/proxy_bytes.h"

namespace lastbyte::system_test {
namespace {

using namespace std::string_literals;
using net::proxy_protocol::Version;
namespace tlv = net::proxy_protocol::tlv;

const Flags kRequired = {"--client-proxy-protocol", "required"};
const Flags kOptional = {"--client-proxy-protocol", "optional"};

Flags operator+(Flags flags, const Flags& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

struct Told {
  Version version;
  bool v6;
};

std::string name_of(const ::testing::TestParamInfo<Told>& told) {
  return "v"s + (told.param.version == Version::v1 ? "1" : "2") + (told.param.v6 ? "_ipv6" : "_ipv4");
}

class EveryHeader : public Greeted, public ::testing::WithParamInterface<Told> {
 protected:
  [[nodiscard]] static std::string bytes() {
    const Told told = GetParam();
    return told.v6 ? header_bytes(told.version, "2001:db8::7", 4711, "2001:db8::1", 443)
                   : header_bytes(told.version, "192.0.2.7", 4711, "192.0.2.1", 443);
  }
  void expect_told(const Record& record, const Descriptor& client) {
    EXPECT_EQ(record.client.address, GetParam().v6 ? "[2001:db8::7]:4711" : "192.0.2.7:4711") << record.line;
    EXPECT_EQ(record.via, net::local_address(client.get()).text()) << record.line;
    EXPECT_EQ(record.proxy_header, GetParam().version == Version::v1 ? "v1" : "v2") << record.line;
    EXPECT_TRUE(record.complete) << record.line;
  }
};

TEST_P(EveryHeader, T3_with_early_data_and_fin_in_one_packet) {
  start(kRequired);
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, bytes() + "early data"));
  send_fin(client);
  expect_served(client, "early data");
  const Record record = proxy_->record();
  expect_told(record, client);
  EXPECT_EQ(record.client.received, 10U) << "the header is not the client's: " << record.line;
  EXPECT_EQ(record.client.delivered, 10U) << record.line;
}

TEST_P(EveryHeader, T1_with_urgent_data_right_behind_it) {
  start(kRequired);
  const Descriptor client = this->client();
  const std::string all = bytes() + "X";
  ASSERT_EQ(::send(client.get(), all.data(), all.size(), MSG_OOB), static_cast<ssize_t>(all.size()));
  const Descriptor server = served();
  EXPECT_EQ(next_of(server, 1), "X") << "although nothing comes after it";
  send_fin(client);
  EXPECT_EQ(all_of(server), "");
  send_fin(server);
  EXPECT_EQ(all_of(client), "");
  expect_told(proxy_->record(), client);
}

TEST_P(EveryHeader, T1_that_is_urgent_data_itself_is_read_past_its_mark) {
  for (const Flags& mode : {kRequired, kOptional}) {
    start(mode);
    const Descriptor client = this->client();
    const std::string header = bytes();
    ASSERT_EQ(::send(client.get(), header.data(), header.size(), MSG_OOB), static_cast<ssize_t>(header.size()));
    ASSERT_TRUE(net::test::send_all(client, "data"));
    send_fin(client);
    expect_served(client, "data");
    expect_told(proxy_->record(), client);
  }
}

TEST_P(EveryHeader, byte_at_a_time) {
  start(kOptional);
  const Descriptor client = this->client();
  for (const char byte : bytes()) {
    ASSERT_TRUE(upstream_untouched());
    send_and_see_arrive(client, {&byte, 1});
  }
  send_and_see_arrive(client, "early data");
  send_fin(client);
  expect_served(client, "early data");
  expect_told(proxy_->record(), client);
}

TEST_P(EveryHeader, with_the_bytes_that_a_whole_read_could_take_too_many) {
  start(kRequired);
  const Descriptor client = this->client();
  const std::string large(200'000, 'x');
  ASSERT_TRUE(net::test::send_all(client, bytes() + large));
  send_fin(client);
  expect_served(client, large);
  EXPECT_EQ(proxy_->record().client.delivered, large.size());
}

TEST_P(EveryHeader, alone_lets_a_server_speak_first) {
  start(kRequired);
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, bytes()));
  const Descriptor server = served();
  ASSERT_TRUE(net::test::send_all(server, "220 ready"));
  EXPECT_EQ(next_of(client, 9), "220 ready");
  send_fin(client);
  EXPECT_EQ(all_of(server), "");
  send_fin(server);
  EXPECT_EQ(all_of(client), "");
  expect_told(proxy_->record(), client);
}

TEST_P(EveryHeader, T3_that_is_half_closed_within_is_refused) {
  start(kRequired);
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, bytes().substr(0, bytes().size() - 1)));
  send_fin(client);
  expect_rejected(client, "the PROXY header was cut off after " + std::to_string(bytes().size() - 1) + " bytes");
}

TEST_P(EveryHeader, T3_that_is_half_closed_within_is_refused_where_it_is_optional_too) {
  start(kOptional);
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, bytes().substr(0, bytes().size() - 1)));
  send_fin(client);
  expect_rejected(client, "before the client's FIN");
}

TEST_P(EveryHeader, T3_a_reset_within_it_ends_the_session) {
  start(kRequired);
  Descriptor client = this->client();
  send_and_see_arrive(client, bytes().substr(0, 14));
  net::reset_and_close(client);
  const Record record = proxy_->record();
  EXPECT_EQ(record.client.end, "reset") << record.line;
  EXPECT_EQ(record.upstream.end, "untried") << record.line;
  EXPECT_TRUE(upstream_untouched());
}

TEST_P(EveryHeader, T8_that_does_not_come_to_its_end_is_waited_for_no_longer_than_the_limit) {
  start(kOptional + Flags{"--limits-proxy-header", "200ms"});
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, bytes().substr(0, 14)));
  EXPECT_EQ(all_of(client), "RESET");
  const Record record = proxy_->record();
  EXPECT_EQ(record.limit, "proxy_header") << record.line;
  EXPECT_EQ(record.client.end, "limit") << record.line;
  EXPECT_EQ(record.upstream.end, "untried") << record.line;
  EXPECT_EQ(record.rejected, "the PROXY header was cut off after 14 bytes in time") << record.line;
  EXPECT_GE(record.duration_us, 200'000) << record.line;
  EXPECT_TRUE(upstream_untouched());
}

INSTANTIATE_TEST_SUITE_P(ProxyHeader, EveryHeader,
                         ::testing::Values(Told{Version::v1, false}, Told{Version::v1, true}, Told{Version::v2, false},
                                           Told{Version::v2, true}),
                         name_of);

// ---- what is no header
// -----------------------------------------------------------------------------------------------

struct Wrong {
  std::string name;
  std::string bytes;
  std::string why;
};

std::string wrong_checksum() {
  std::string bytes = header_bytes(Version::v2, "192.0.2.7", 1, "192.0.2.1", 2, {{tlv::kCrc32c}});
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  return bytes;
}

class WrongHeader : public Greeted, public ::testing::WithParamInterface<Wrong> {};

TEST_P(WrongHeader, is_refused_where_it_is_required) {
  start(kRequired);
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, GetParam().bytes));
  expect_rejected(client, GetParam().why);
}

TEST_P(WrongHeader, is_refused_where_it_is_optional) {
  start(kOptional);
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, GetParam().bytes));
  expect_rejected(client, GetParam().why);
}

INSTANTIATE_TEST_SUITE_P(
    ProxyHeader, WrongHeader,
    ::testing::Values(
        Wrong{"malformed_v1", "PROXY TCP4 192.0.2.7 192.0.2.300 1 2\r\n", "192.0.2.300"},
        Wrong{"too_long_v1", "PROXY UNKNOWN " + std::string(200, 'x'), "no CRLF within 107 bytes"},
        Wrong{"wrong_version", net::proxy_protocol::test::v2(0x31, 0x11, std::string(12, '\1')), "version 3"},
        Wrong{"malformed_v2", net::proxy_protocol::test::v2(0x21, 0x11, "short"), "length"},
        Wrong{"too_long_v2", net::proxy_protocol::test::v2(0x21, 0x11, std::string(5000, '\0')), "at most 4096"},
        Wrong{"bad_checksum", wrong_checksum(), "CRC32C"}),
    [](const auto& tested) { return tested.param.name; });

class NoHeader : public Greeted {};

TEST_F(NoHeader, is_refused_where_it_is_required) {
  start(kRequired);
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, "GET / HTTP/1.0\r\n\r\n"));
  expect_rejected(client, "does not begin as a PROXY header does");
}

TEST_F(NoHeader, and_nothing_else_is_refused_where_it_is_required) {
  start(kRequired);
  const Descriptor client = this->client();
  send_fin(client);
  expect_rejected(client, "no PROXY header came before the client's FIN");
}

TEST_F(NoHeader, is_plain_data_where_it_is_optional) {
  start(kOptional);
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, "GET / HTTP/1.0\r\n\r\n"));
  send_fin(client);
  expect_served(client, "GET / HTTP/1.0\r\n\r\n");
  const Record record = proxy_->record();
  EXPECT_EQ(record.client.address, net::local_address(client.get()).text()) << record.line;
  EXPECT_EQ(record.via + record.proxy_header + record.rejected, "") << record.line;
  EXPECT_TRUE(record.complete) << record.line;
}

TEST_F(NoHeader, but_a_beginning_and_a_fin_is_plain_data_where_it_is_optional) {
  start(kOptional);
  for (const std::string& said : {""s, "P"s, "PRO"s, "PROXY"s, "\r\n"s, "\r\n\r\n\0\r\nQUIT"s}) {
    const Descriptor client = this->client();
    send_and_see_arrive(client, said);
    send_fin(client);
    expect_served(client, said);
  }
  for (const Record& record : proxy_->records(6)) EXPECT_TRUE(record.complete) << record.line;
}

TEST_F(NoHeader, but_a_beginning_is_plain_data_once_the_limit_has_passed_where_it_is_optional) {
  start(kOptional + Flags{"--limits-proxy-header", "200ms"});
  for (const std::string& said : {""s, "PRO"s}) {
    const Descriptor client = this->client();
    ASSERT_TRUE(net::test::send_all(client, said));
    const Descriptor server = served();
    ASSERT_TRUE(net::test::send_all(server, "hello"));
    EXPECT_EQ(next_of(client, 5), "hello");
    ASSERT_TRUE(net::test::send_all(client, "XY data"));
    send_fin(client);
    EXPECT_EQ(all_of(server), said + "XY data");
    send_fin(server);
    EXPECT_EQ(all_of(client), "");
  }
  for (const Record& record : proxy_->records(2)) EXPECT_TRUE(record.complete) << record.line;
}

TEST_F(NoHeader, of_a_silent_crowd_touches_no_upstream_and_harms_nobody) {
  start(kRequired + Flags{"--limits-proxy-header", "1s"});
  std::vector<Descriptor> crowd;
  for (int i = 0; i < 200; ++i) crowd.push_back(client());
  const Descriptor good = client();
  ASSERT_TRUE(net::test::send_all(good, header_bytes(Version::v2, "192.0.2.7", 1, "192.0.2.1", 2) + "data"));
  send_fin(good);
  expect_served(good, "data");
  for (const Descriptor& each : crowd) EXPECT_EQ(all_of(each), "RESET");
  std::size_t limited = 0;
  for (const Record& record : proxy_->records(201)) limited += record.limit == "proxy_header" ? 1U : 0U;
  EXPECT_EQ(limited, 200U);
  EXPECT_TRUE(upstream_untouched());
}

TEST_F(NoHeader, is_not_waited_for_in_a_loop) {
  start(kRequired);
  const Descriptor client = this->client();
  send_and_see_arrive(client, "PROXY TCP4 19");
  const milliseconds before = proxy_->process().cpu_time();
  EXPECT_FALSE(eventually([&] { return proxy_->process().cpu_time() - before > milliseconds(200); }, milliseconds(500)))
      << "it spins over bytes that lie there";
  send_fin(client);
  expect_rejected(client, "cut off");
}

TEST_F(NoHeader, T15_a_stop_ends_the_waiting_with_its_drain_time) {
  start(kRequired + Flags{"--drain", "200ms"});
  const Descriptor client = this->client();
  send_and_see_arrive(client, "PROXY ");
  // A client that is in the queue at a stop has no session and no record.
  ASSERT_TRUE(eventually([&] { return proxy_->process().sockets() > proxy_->sockets_at_start(); }));
  proxy_->process().signal(SIGTERM);
  EXPECT_EQ(all_of(client), "RESET");
  const Record record = proxy_->record();
  EXPECT_EQ(record.client.end, "stopped") << record.line;
  EXPECT_EQ(record.upstream.end, "untried") << record.line;
  proxy_->expect_end();
}

// ---- what a header tells
// ---------------------------------------------------------------------------------------------

class Header : public Greeted {};

TEST_F(Header, of_a_sender_that_is_not_trusted_is_plain_data_where_it_is_optional) {
  start(kOptional + Flags{"--client-proxy-trusted", "192.0.2.0/24"});
  const Descriptor client = this->client();
  const std::string said = header_bytes(Version::v1, "192.0.2.7", 1, "192.0.2.1", 2) + "data";
  ASSERT_TRUE(net::test::send_all(client, said));
  send_fin(client);
  expect_served(client, said);
  EXPECT_EQ(proxy_->record().client.address, net::local_address(client.get()).text());
}

TEST_F(Header, of_a_sender_that_is_not_trusted_is_refused_where_it_is_required) {
  start(kRequired + Flags{"--client-proxy-trusted", "192.0.2.0/24"});
  const Descriptor client = knock();
  expect_rejected(client, "client.proxy-trusted does not name 127.0.0.1");
}

TEST_F(Header, of_a_trusted_sender_is_taken) {
  start(kRequired + Flags{"--client-proxy-trusted", "192.0.2.0/24,127.0.0.0/8"});
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, header_bytes(Version::v1, "192.0.2.7", 1, "192.0.2.1", 2) + "data"));
  send_fin(client);
  expect_served(client, "data");
}

TEST_F(Header, that_tells_nobody_leaves_the_connections_own_addresses) {
  start(kRequired);
  for (const std::string& said :
       {"PROXY UNKNOWN\r\n"s, net::proxy_protocol::test::v2(0x20, 0x00, ""),
        net::proxy_protocol::test::v2(0x20, 0x11, std::string("\1\2\3\4\5\6\7\10\0\1\0\2", 12)),
        net::proxy_protocol::test::v2(0x21, 0x00, "")}) {
    const Descriptor client = this->client();
    ASSERT_TRUE(net::test::send_all(client, said + "data"));
    send_fin(client);
    expect_served(client, "data");
  }
  for (const Record& record : proxy_->records(4)) {
    EXPECT_TRUE(record.client.address.starts_with("127.0.0.1:")) << record.line;
    EXPECT_EQ(record.via, "") << record.line;
    EXPECT_NE(record.proxy_header, "") << record.line;
  }
}

TEST_F(Header, that_is_more_than_the_receive_queue_holds_is_taken) {
  start(kRequired + Flags{"--client-receive-buffer", "1k"});
  const std::string header =
      header_bytes(Version::v2, "192.0.2.7", 4711, "192.0.2.1", 443, {{tlv::kAuthority, std::string(3900, 'a')}});
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, header + "data"));
  send_fin(client);
  expect_served(client, "data");
  EXPECT_EQ(proxy_->record().client.received, 4U);
}

TEST_F(Header, tells_unique_id_and_authority_for_the_record) {
  start(kRequired);
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(
      client, header_bytes(Version::v2, "192.0.2.7", 1, "192.0.2.1", 2,
                           {{tlv::kUniqueId, "id \x01\"7\""}, {tlv::kAuthority, "www.example"}, {tlv::kCrc32c}})));
  send_fin(client);
  expect_served(client, "");
  const Record record = proxy_->record();
  EXPECT_EQ(record.unique_id, "id \\x01\"7\"") << record.line;
  EXPECT_EQ(record.authority, "www.example") << record.line;
}

TEST_F(Header, tells_whose_sessions_are_counted) {
  start(kRequired + Flags{"--max-sessions-per-client", "1"});
  const auto come = [&](const std::string& ip) {
    Descriptor client = this->client();
    EXPECT_TRUE(net::test::send_all(client, header_bytes(Version::v2, ip, 1, "192.0.2.1", 2)));
    return client;
  };
  const Descriptor first = come("192.0.2.7");
  const Descriptor first_served = served();
  const Descriptor other = come("192.0.2.8");
  const Descriptor other_served = served();
  const Descriptor second = come("192.0.2.7");
  expect_rejected(second, "max-sessions-per-client");
  send_fin(first);
  EXPECT_EQ(all_of(first_served), "");
  send_fin(first_served);
  EXPECT_EQ(all_of(first), "");
  EXPECT_EQ(proxy_->records(2).back().complete, true);
  const Descriptor again = come("192.0.2.7");
  send_fin(again);
  expect_served(again, "");
  send_fin(other);
  EXPECT_EQ(all_of(other_served), "");
  send_fin(other_served);
  EXPECT_EQ(all_of(other), "");
}

class GreetedConnectOnData : public Greeted {
 protected:
  const std::string header_ = header_bytes(Version::v2, "192.0.2.7", 4711, "192.0.2.1", 443);
};

TEST_F(GreetedConnectOnData, T3_a_header_is_no_data) {
  start(kRequired + Flags{"--connect-on", "data"});
  const Descriptor probe = client();
  send_and_see_arrive(probe, header_);
  send_fin(probe);
  EXPECT_EQ(all_of(probe), "");
  EXPECT_TRUE(upstream_untouched());
  const Record record = proxy_->record();
  EXPECT_EQ(record.client.address, "192.0.2.7:4711") << record.line;
  EXPECT_EQ(record.client.received, 0U);
  EXPECT_EQ(record.summary, "client sent nothing");
}

TEST_F(GreetedConnectOnData, T3_the_first_byte_behind_the_header_has_the_upstream_connected) {
  start(kRequired + Flags{"--connect-on", "data", "--upstream-proxy-protocol", "v1"});
  const Descriptor asking = client();
  send_and_see_arrive(asking, header_);
  EXPECT_TRUE(upstream_untouched());
  send_and_see_arrive(asking, "x");
  const Descriptor upstream = served();
  EXPECT_EQ(next_of(upstream, 1), "P");
}

TEST_F(GreetedConnectOnData, T8_the_limit_of_the_first_byte_begins_behind_the_header) {
  start(kRequired + Flags{"--connect-on", "data", "--limits-first-byte", "150ms"});
  const Descriptor silent = client();
  send_and_see_arrive(silent, header_);
  EXPECT_EQ(all_of(silent), "RESET");
  EXPECT_TRUE(upstream_untouched());
  EXPECT_EQ(proxy_->record().limit, "first_byte");
}

}  // namespace
}  // namespace lastbyte::system_test
