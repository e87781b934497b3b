// PROXY headers to the upstream: before all other bytes, at once, and not counted in the record.
#include <gtest/gtest.h>

#include "net/socket/calls.h"
#include "tests/harness/greeting.h"
#include "tests/harness/proxy_bytes.h"

namespace lastbyte::system_test {
namespace {

namespace proxy = net::proxy_protocol;
using proxy::Version;
namespace tlv = proxy::tlv;

std::string word(Version version) { return std::string(proxy::name(version)); }

class Preface : public Greeted {
 protected:
  /// Removes the header from the beginning of `bytes` and returns it.
  static proxy::Header header_of(std::string& bytes) {
    const auto parsed = proxy::test::parsed(bytes);
    const auto* header = std::get_if<proxy::Header>(&parsed);
    EXPECT_NE(header, nullptr) << proxy::test::told(parsed);
    if (header == nullptr) return {};
    bytes.erase(0, header->length);
    return *header;
  }
  void expect_own_addresses(const proxy::Header& header, const Descriptor& client) {
    EXPECT_EQ(header.source.text(), net::local_address(client.get()).text());
    EXPECT_EQ(header.destination.text(), proxy_->address().text());
  }
};

class EveryPreface : public Preface, public ::testing::WithParamInterface<Version> {};

TEST_P(EveryPreface, comes_ahead_of_the_clients_bytes_and_is_not_counted) {
  start({"--upstream-proxy-protocol", word(GetParam())});
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, "data"));
  send_fin(client);
  const Descriptor server = served();
  std::string got = all_of(server);
  expect_own_addresses(header_of(got), client);
  EXPECT_EQ(got, "data");
  send_fin(server);
  EXPECT_EQ(all_of(client), "");
  const Record record = proxy_->record();
  EXPECT_EQ(record.client.received, 4U) << record.line;
  EXPECT_EQ(record.client.delivered, 4U) << record.line;
  EXPECT_TRUE(record.complete) << record.line;
}

TEST_P(EveryPreface, comes_at_once_to_a_server_that_speaks_first) {
  start({"--upstream-proxy-protocol", word(GetParam())});
  const Descriptor client = this->client();
  const Descriptor server = served();
  std::string got = next_of(server, GetParam() == Version::v1 ? 20 : 28);
  ASSERT_TRUE(got.starts_with("PROXY TCP4") || got.starts_with("\r\n\r\n")) << got;
  ASSERT_TRUE(net::test::send_all(server, "220 ready"));
  EXPECT_EQ(next_of(client, 9), "220 ready");
  send_fin(client);
  got += all_of(server);
  expect_own_addresses(header_of(got), client);
  EXPECT_EQ(got, "");
  send_fin(server);
  EXPECT_EQ(all_of(client), "");
  const Record record = proxy_->record();
  EXPECT_EQ(record.client.received + record.client.delivered, 0U) << record.line;
  EXPECT_TRUE(record.complete) << record.line;
}

TEST_P(EveryPreface, tells_what_the_clients_own_header_told) {
  start({"--client-proxy-protocol", "required", "--upstream-proxy-protocol", word(GetParam())});
  const Descriptor client = this->client();
  ASSERT_TRUE(net::test::send_all(client, header_bytes(Version::v1, "2001:db8::7", 4711, "2001:db8::1", 443) + "data"));
  send_fin(client);
  std::string got = all_of(served());
  const proxy::Header header = header_of(got);
  EXPECT_EQ(header.source.text(), "[2001:db8::7]:4711");
  EXPECT_EQ(header.destination.text(), "[2001:db8::1]:443");
  EXPECT_EQ(got, "data");
}

TEST_P(EveryPreface, T5_to_an_upstream_that_resets_at_once_is_a_refusal_and_no_bytes_of_the_client) {
  start({"--upstream-proxy-protocol", word(GetParam())});
  const Descriptor client = this->client();
  Descriptor server = served();
  net::reset_and_close(server);
  EXPECT_EQ(all_of(client), "RESET");
  const Record record = proxy_->record();
  EXPECT_EQ(record.upstream.end, "reset") << record.line;
  EXPECT_EQ(record.client.received + record.client.undelivered, 0U) << record.line;
}

INSTANTIATE_TEST_SUITE_P(ProxyHeader, EveryPreface, ::testing::Values(Version::v1, Version::v2),
                         [](const auto& tested) { return word(tested.param); });

TEST_F(Preface, passes_on_what_a_header_told_with_its_checksum_calculated_anew) {
  start({"--client-proxy-protocol", "required", "--upstream-proxy-protocol", "v2"});
  const Descriptor client = this->client();
  const std::vector<proxy::Tlv> tlvs = {
      {tlv::kAlpn, "h2"},       {tlv::kAuthority, "www.example"}, {tlv::kNetns, "blue"},     {tlv::kCrc32c},
      {tlv::kUniqueId, "id-7"}, {tlv::kNoop, "padding"},          {tlv::kSsl, "\1\0\0\0\0"}, {0xe0, "own"}};
  ASSERT_TRUE(net::test::send_all(client, header_bytes(Version::v2, "192.0.2.7", 1, "192.0.2.1", 2, tlvs)));
  send_fin(client);
  std::string got = all_of(served());
  std::string types;
  for (const proxy::Tlv& each : header_of(got).tlvs) types += std::to_string(each.type) + " ";
  EXPECT_EQ(types, "1 2 3 5 32 224 ") << "all but the network namespace and the padding";
}

TEST_F(Preface, longer_than_what_one_syn_takes_is_sent_in_full) {
  // With Fast Open and a small MTU, the first send takes only one segment, and the rest waits.
  const bool allowed = net::test::in_own_network("ipv4/tcp_fastopen", "3", [this] {
    output_of({.arguments = {"ip", "link", "set", "lo", "mtu", "1280"}});
    net::ListenOptions options;
    options.fast_open = 16;
    upstream_ = net::test::listener("127.0.0.1", options);
    start({"--client-proxy-protocol", "required", "--upstream-proxy-protocol", "v2", "--upstream-fast-open", "true"});
    const std::string long_value(3500, 'x');
    for (int session = 0; session < 3; ++session) {  // the first one only gets the cookie
      const Descriptor client = this->client();
      ASSERT_TRUE(net::test::send_all(
          client, header_bytes(Version::v2, "192.0.2.7", 1, "192.0.2.1", 2, {{0xe0, long_value}}) + "data"));
      send_fin(client);
      const Descriptor server = served();
      std::string got = all_of(server);
      EXPECT_EQ(header_of(got).tlvs.front().value, long_value);
      EXPECT_EQ(got, "data");
      send_fin(server);
      EXPECT_EQ(all_of(client), "");
    }
    for (const Record& record : proxy_->records(3)) EXPECT_EQ(record.client.delivered, 4U) << record.line;
    proxy_->stop();
  });
  if (!allowed) GTEST_SKIP() << "needs a network namespace of its own";
}

TEST_F(Preface, through_two_in_a_row_tells_the_first_client) {
  upstream_ = net::test::listener();
  Proxy near_server(net::local_address(upstream_.get()), {"--client-proxy-protocol", "required"});
  Proxy near_client(near_server.address(), {"--upstream-proxy-protocol", "v2"});
  const Descriptor client = net::test::connect_to(near_client.address());
  send_fin(client);
  expect_served(client, "");
  const Record record = near_server.record();
  EXPECT_EQ(record.client.address, net::local_address(client.get()).text()) << record.line;
  EXPECT_TRUE(record.via.starts_with("127.0.0.1:")) << record.line;
  EXPECT_TRUE(near_client.record().complete);
}

}  // namespace
}  // namespace lastbyte::system_test
