// Hearing a client's PROXY header, over a socket that is none.
#include "relay/stream/introduction.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

#include "tests/relay/side/fake_transport.h"

namespace lastbyte::relay {
namespace {

constexpr std::string_view kHeader = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n";

struct Hearing {
  Hearing() {
    forget_fakes();
    greeting.introduction = std::make_shared<Introduction>();
    client.ready.readable = true;
  }
  Introduced hear(Coming coming = Coming::more, ProxyHeader mode = ProxyHeader::required) {
    return hear_client(client, greeting, *room, mode, coming);
  }
  void says(std::string bytes) { fake(client).input.push_back({.bytes = std::move(bytes)}); }

  Side client;
  Greeting greeting;
  std::unique_ptr<Block> room = std::make_unique<Block>();
};

TEST(Hearing, a_header_is_taken_and_the_bytes_behind_it_are_left) {
  Hearing hearing;
  hearing.says(std::string(kHeader) + "request");
  EXPECT_TRUE(std::holds_alternative<net::proxy_protocol::Header>(hearing.hear()));
  EXPECT_EQ(fake(hearing.client).input.front().bytes, "request");
  EXPECT_EQ(hearing.client.ledger.introduced, kHeader.size());
  EXPECT_EQ(hearing.client.ledger.received, 0U);
  EXPECT_TRUE(hearing.client.ready.readable);
}

TEST(Hearing, a_header_with_nothing_behind_it_leaves_an_empty_queue) {
  Hearing hearing;
  hearing.says(std::string(kHeader));
  EXPECT_TRUE(std::holds_alternative<net::proxy_protocol::Header>(hearing.hear()));
  EXPECT_FALSE(hearing.client.ready.readable);
}

TEST(Hearing, a_header_may_come_byte_by_byte) {
  Hearing hearing;
  for (std::size_t index = 0; index + 1 < kHeader.size(); ++index) {
    auto& input = fake(hearing.client).input;
    if (input.empty()) input.push_back({});
    input.front().bytes += kHeader[index];
    ASSERT_TRUE(std::holds_alternative<Await>(hearing.hear())) << index;
  }
  hearing.says(std::string(1, kHeader.back()));
  EXPECT_TRUE(std::holds_alternative<net::proxy_protocol::Header>(hearing.hear()));
  EXPECT_TRUE(hearing.greeting.begun.empty());
}

TEST(Hearing, T3_a_fin_behind_an_unfinished_header_refuses_it) {
  Hearing hearing;
  hearing.says("PROXY TCP4 ");
  EXPECT_TRUE(std::holds_alternative<Await>(hearing.hear()));
  fake(hearing.client).input.push_back({});
  EXPECT_TRUE(std::holds_alternative<Refused>(hearing.hear(Coming::ended)));
}

TEST(Hearing, bytes_that_are_no_header_stay_where_one_is_optional) {
  Hearing hearing;
  hearing.says("GET / HTTP/1.1\r\n");
  EXPECT_TRUE(std::holds_alternative<Plain>(hearing.hear(Coming::more, ProxyHeader::optional)));
  EXPECT_EQ(fake(hearing.client).input.front().bytes, "GET / HTTP/1.1\r\n");
}

TEST(Hearing, T3_a_client_that_fails_is_reported_with_its_errno) {
  Hearing hearing;
  fake(hearing.client).input.push_back({.error = ECONNRESET});
  const Introduced heard = hearing.hear();
  ASSERT_TRUE(std::holds_alternative<ClientFailed>(heard));
  EXPECT_EQ(std::get<ClientFailed>(heard).error, ECONNRESET);
}

TEST(Hearing, T14_descriptors_that_come_with_a_header_are_told) {
  Hearing hearing;
  fake(hearing.client).input.push_back({.bytes = std::string(kHeader), .descriptors = 1});
  EXPECT_TRUE(std::holds_alternative<CarriesDescriptors>(hearing.hear()));
}

}  // namespace
}  // namespace lastbyte::relay
