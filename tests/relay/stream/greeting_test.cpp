// Who may tell who it is, and what is made of what it says.
#include "relay/stream/greeting.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace lastbyte::relay {
namespace {

namespace proxy = net::proxy_protocol;

constexpr std::string_view kHeader = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n";

/// "await", "plain", "header" or the reason against it.
std::string heard(std::string_view said, ProxyHeader mode, Coming coming = Coming::more) {
  const Heard answer = hear(std::as_bytes(std::span(said.data(), said.size())), mode, coming);
  if (std::holds_alternative<Await>(answer)) return "await";
  if (std::holds_alternative<Plain>(answer)) return "plain";
  if (const auto* refused = std::get_if<Refused>(&answer)) return refused->reason;
  return "header";
}

TEST(Greeting, a_header_is_awaited_to_its_end) {
  for (const ProxyHeader mode : {ProxyHeader::optional, ProxyHeader::required}) {
    for (std::size_t size = 0; size < kHeader.size(); ++size) EXPECT_EQ(heard(kHeader.substr(0, size), mode), "await");
    EXPECT_EQ(heard(kHeader, mode), "header");
    EXPECT_EQ(heard(std::string(kHeader) + "and data", mode), "header");
    EXPECT_EQ(heard(kHeader, mode, Coming::ended), "header");
    EXPECT_EQ(heard(kHeader, mode, Coming::late), "header");
  }
}

TEST(Greeting, what_is_none_is_plain_where_it_is_optional_and_refused_where_it_is_required) {
  for (const std::string_view said : {"G", "PROXX", "\r\n\r\nx", "PROX Y"}) {
    EXPECT_EQ(heard(said, ProxyHeader::optional), "plain") << said;
    EXPECT_EQ(heard(said, ProxyHeader::required), "PROXY header: what came does not begin as a PROXY header does");
  }
}

TEST(Greeting, a_part_of_a_signature_is_plain_once_nothing_can_follow) {
  for (const std::string_view said : {"", "P", "PROXY", "\r\n\r\n"}) {
    EXPECT_EQ(heard(said, ProxyHeader::optional, Coming::ended), "plain") << said;
    EXPECT_EQ(heard(said, ProxyHeader::optional, Coming::late), "plain") << said;
  }
  EXPECT_EQ(heard("PROXY ", ProxyHeader::optional, Coming::ended),
            "the PROXY header was cut off after 6 bytes before the client's FIN");
  EXPECT_EQ(heard("PROXY ", ProxyHeader::optional, Coming::late), "the PROXY header was cut off after 6 bytes in time");
}

TEST(Greeting, a_wrong_header_is_refused_in_every_mode) {
  for (const ProxyHeader mode : {ProxyHeader::optional, ProxyHeader::required})
    EXPECT_TRUE(heard("PROXY TCP5 ", mode, Coming::ended).starts_with("the PROXY header was cut off"))
        << heard("PROXY TCP5 ", mode);
  EXPECT_TRUE(heard("PROXY TCP5 \r\n", ProxyHeader::optional).starts_with("PROXY header: the protocol is 'TCP5'"));
}

TEST(Greeting, only_those_that_are_trusted_may_tell) {
  Forwarding forwarding;
  const auto peer = *net::Address::parse("10.0.0.1", 5);
  const auto stranger = *net::Address::parse("192.0.2.1", 5);
  EXPECT_EQ(welcome(forwarding, peer), Welcome::serve);
  forwarding.proxy_header = ProxyHeader::required;
  EXPECT_EQ(welcome(forwarding, stranger), Welcome::listen) << "no list: everybody";
  forwarding.proxy_trusted = {*net::Cidr::parse("10.0.0.0/8")};
  EXPECT_EQ(welcome(forwarding, peer), Welcome::listen);
  EXPECT_EQ(welcome(forwarding, stranger), Welcome::reject);
  forwarding.proxy_header = ProxyHeader::optional;
  EXPECT_EQ(welcome(forwarding, peer), Welcome::listen);
  EXPECT_EQ(welcome(forwarding, stranger), Welcome::serve);
}

TEST(Greeting, unix_clients_are_told_as_unknown_or_by_their_names) {
  const auto client = *net::Address::unix_name("");
  const auto listener = *net::Address::unix_name("/run/x.sock");
  EXPECT_EQ(preface_text(proxy::Version::v1, client, listener, {}).value(), "PROXY UNKNOWN\r\n");
  const std::string told = preface_text(proxy::Version::v2, client, listener, {}).value();
  const auto parsed = proxy::parse(std::as_bytes(std::span(told)));
  ASSERT_TRUE(std::holds_alternative<proxy::Header>(parsed));
  EXPECT_EQ(std::get<proxy::Header>(parsed).destination.text(), "unix:/run/x.sock");
}

}  // namespace
}  // namespace lastbyte::relay
