#include "net/endpoint.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <ostream>
#include <string>

namespace lastbyte::net {
namespace {

constexpr auto kListen = EndpointUse::listen;
constexpr auto kConnect = EndpointUse::connect;

/// "host|port" or "operation: detail".
std::string parsed(std::string_view text, EndpointUse use) {
  const auto endpoint = parse_endpoint(text, use);
  if (!endpoint) return endpoint.error().text();
  return endpoint->host + "|" + std::to_string(endpoint->port);
}

struct Row {
  std::string text;
  std::string expected;
};

TEST(Endpoint, forms_for_both_uses) {
  for (const auto& [text, expected] : std::vector<Row>{
           {"tcp:127.0.0.1:80", "127.0.0.1|80"},
           {"tcp:0.0.0.0:65535", "0.0.0.0|65535"},
           {"tcp:[::1]:443", "::1|443"},
           {"tcp:[::]:1", "::|1"},
           {"tcp:[2001:db8::1]:5432", "2001:db8::1|5432"},
           {"tcp:[fe80::1%lo]:5432", "fe80::1%lo|5432"},
           {"tcp:[::ffff:10.0.0.1]:9", "::ffff:10.0.0.1|9"},
           {"tcp:localhost:8080", "localhost|8080"},
           {"tcp:db-1.example.org:5432", "db-1.example.org|5432"},
           {"tcp:db.example.org.:5432", "db.example.org.|5432"},
           {"tcp:_srv.example:1", "_srv.example|1"},
           {"tcp:7up.example:1", "7up.example|1"},
       }) {
    EXPECT_EQ(parsed(text, kListen), expected);
    EXPECT_EQ(parsed(text, kConnect), expected);
  }
}

TEST(Endpoint, all_addresses_and_port_0_are_for_listening_only) {
  EXPECT_EQ(parsed("tcp::80", kListen), "|80");
  EXPECT_EQ(parsed("tcp::0", kListen), "|0");
  EXPECT_EQ(parsed("tcp:127.0.0.1:0", kListen), "127.0.0.1|0");
  EXPECT_EQ(parsed("tcp::80", kConnect),
            "endpoint 'tcp::80': the host is missing; expected tcp:HOST:PORT or tcp:[IPV6]:PORT");
  EXPECT_EQ(parsed("tcp:127.0.0.1:0", kConnect), "endpoint 'tcp:127.0.0.1:0': the port is '0'; expected 1 to 65535");
}

TEST(Endpoint, wrong_ones_say_what_was_expected) {
  const std::string forms = "expected tcp:HOST:PORT or tcp:[IPV6]:PORT, or tcp::PORT for all addresses";
  const std::string brackets = "an IPv6 address stands in brackets; expected tcp:[IPV6]:PORT";
  const std::string name = "; a name has letters, digits, '-', '_' and '.'";
  for (const auto& [text, detail] : std::vector<Row>{
           {"", forms},
           {"tcp", forms},
           {"127.0.0.1:80", forms},
           {"TCP:127.0.0.1:80", forms},
           {"unix:/run/x.sock", forms},
           {"udp:127.0.0.1:53", forms},
           {"http://host:80", forms},
           {"tcp:", "the port is missing; " + forms},
           {"tcp::", "the port is missing; " + forms},
           {"tcp:80", "the port is missing; " + forms},
           {"tcp:host", "the port is missing; " + forms},
           {"tcp:host:", "the port is missing; " + forms},
           {"tcp:[::1]", "the port is missing; " + forms},
           {"tcp:[::1]:", "the port is missing; " + forms},
           {"tcp:127.0.0.1:70000", "the port is '70000'; expected 0 to 65535"},
           {"tcp:127.0.0.1:65536", "the port is '65536'; expected 0 to 65535"},
           {"tcp:127.0.0.1:-1", "the port is '-1'; expected 0 to 65535"},
           {"tcp:127.0.0.1:+80", "the port is '+80'; expected 0 to 65535"},
           {"tcp:127.0.0.1:080", "the port is '080'; expected 0 to 65535"},
           {"tcp:127.0.0.1:80x", "the port is '80x'; expected 0 to 65535"},
           {"tcp:127.0.0.1:http", "the port is 'http'; expected 0 to 65535"},
           {"tcp:127.0.0.1:99999999999999999999", "the port is '99999999999999999999'; expected 0 to 65535"},
           {"tcp:127.0.0.1:8\x01", "the port is '8\\x01'; expected 0 to 65535"},
           {"tcp:::1", brackets},
           {"tcp:::1:80", brackets},
           {"tcp:2001:db8::1:80", brackets},
           {"tcp:2001:db8::1", brackets},
           {"tcp:a:b:80", "there are too many ':'; " + forms},
           {"tcp:[::1:80", "the ']' is missing; expected tcp:[IPV6]:PORT"},
           {"tcp:[]:80", "'' is not an IPv6 address"},
           {"tcp:[127.0.0.1]:80", "'127.0.0.1' is not an IPv6 address"},
           {"tcp:[localhost]:80", "'localhost' is not an IPv6 address"},
           {"tcp:[fe80::1%]:80", "'fe80::1%' is not an IPv6 address"},
           {"tcp:[::1]80", "expected ':' and a port after the ']'"},
           {"tcp:1.2.3.256:80", "'1.2.3.256' is not an IPv4 address; expected four numbers from 0 to 255"},
           {"tcp:127.1:80", "'127.1' is not an IPv4 address; expected four numbers from 0 to 255"},
           {"tcp:0x7f000001:80", "'0x7f000001' is not an IPv4 address; expected four numbers from 0 to 255"},
           {"tcp:127.0.0.1 :80", "it holds a space; " + forms},
           {" tcp:127.0.0.1:80", "it holds a space; " + forms},
           {"tcp:127.0.0.1:80\n", "it holds a space; " + forms},
           {"tcp:ho/st:80", "the host holds '/'" + name},
           {"tcp:user@host:80", "the host holds '@'" + name},
           {"tcp:*:80", "the host holds '*'" + name},
           {"tcp:a..b:80", "the host has an empty part between its dots"},
           {"tcp:.:80", "the host has an empty part between its dots"},
           {"tcp:-a:80", "a part of the host starts with '-'"},
           {"tcp:" + std::string(64, 'a') + ":80", "a part of the host has more than 63 characters"},
       }) {
    const auto endpoint = parse_endpoint(text, kListen);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_EQ(endpoint.error().detail, detail) << text;
    EXPECT_EQ(endpoint.error().code, 0);
  }
}

TEST(Endpoint, the_error_shows_the_wrong_text_without_control_characters) {
  EXPECT_EQ(parse_endpoint("tcp:127.0.0.1:70000", kListen).error().operation, "endpoint 'tcp:127.0.0.1:70000'");
  EXPECT_EQ(parse_endpoint("\x1b[2J\xff", kListen).error().operation, "endpoint '\\x1b[2J\\xff'");
}

TEST(Endpoint, text_is_as_it_was_written) {
  for (const std::string text : {"tcp:127.0.0.1:80", "tcp:[::1]:80", "tcp::80", "tcp:localhost:0"}) {
    EXPECT_EQ(parse_endpoint(text, kListen)->text(), text);
  }
}

rc::Gen<std::string> any_label() {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange('a', '{'),
                                    rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcz019-_")))),
                      [](const auto& parts) { return parts.first + parts.second.substr(0, 62); });
}

rc::Gen<std::string> any_host() {
  const auto byte = rc::gen::inRange<unsigned>(0, 256);
  const auto four = rc::gen::map(rc::gen::container<std::vector<unsigned>>(4, byte), [](const auto& parts) {
    return std::to_string(parts[0]) + '.' + std::to_string(parts[1]) + '.' + std::to_string(parts[2]) + '.' +
           std::to_string(parts[3]);
  });
  const auto six = rc::gen::map(rc::gen::container<std::vector<std::uint8_t>>(16, rc::gen::arbitrary<std::uint8_t>()),
                                [](const auto& bytes) {
                                  sockaddr_in6 raw{};
                                  raw.sin6_family = AF_INET6;
                                  std::copy(bytes.begin(), bytes.end(), raw.sin6_addr.s6_addr);
                                  return Address(raw).ip_text();
                                });
  const auto name = rc::gen::map(rc::gen::pair(any_label(), any_label()),
                                 [](const auto& labels) { return labels.first + '.' + labels.second; });
  return rc::gen::oneOf(four, six, any_label(), name, rc::gen::just(std::string()));
}

TEST(Endpoint, every_endpoint_survives_being_written_and_read) {
  const bool held = rc::check("parse(text(e)) == e", [] {
    const Endpoint endpoint{*any_host(), *rc::gen::arbitrary<std::uint16_t>()};
    const auto again = parse_endpoint(endpoint.text(), kListen);
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == endpoint);
  });
  EXPECT_TRUE(held);
}

/// Random text that is often nearly right.
rc::Gen<std::string> any_text() {
  const auto noise = rc::gen::arbitrary<std::string>();
  const auto near = rc::gen::container<std::string>(rc::gen::elementOf(std::string("tcp:[]%.01289afx- \n")));
  return rc::gen::oneOf(noise, near, rc::gen::map(near, [](const auto& rest) { return "tcp:" + rest; }),
                        rc::gen::map(near, [](const auto& rest) { return "tcp:[" + rest + "]:80"; }));
}

TEST(Endpoint, no_text_breaks_the_parser_and_what_it_takes_it_gives_back) {
  const bool held = rc::check("parse never crashes", [] {
    const std::string text = *any_text();
    for (const auto use : {kListen, kConnect}) {
      const auto endpoint = parse_endpoint(text, use);
      if (endpoint) {
        RC_ASSERT(endpoint->text() == text);
        RC_ASSERT(use == kListen || (endpoint->port != 0 && !endpoint->host.empty()));
      } else {
        RC_ASSERT(!endpoint.error().detail.empty());
      }
    }
  });
  EXPECT_TRUE(held);
}

TEST(Resolve, numeric_addresses_need_no_look_up) {
  EXPECT_EQ(resolve({"10.1.2.3", 7}), std::vector{*Address::parse("10.1.2.3", 7)});
  EXPECT_EQ(resolve({"2001:db8::1", 7}), std::vector{*Address::parse("2001:db8::1", 7)});
}

TEST(Resolve, an_empty_host_is_both_wildcards) {
  EXPECT_EQ(resolve({"", 80}), (std::vector{*Address::parse("0.0.0.0", 80), *Address::parse("::", 80)}));
}

TEST(Resolve, a_name_gives_each_address_once_with_the_port) {
  const auto addresses = resolve({"localhost", 80});
  ASSERT_TRUE(addresses) << addresses.error().text();
  ASSERT_FALSE(addresses->empty());
  for (const auto& address : *addresses) {
    EXPECT_EQ(address.port(), 80);
    EXPECT_EQ(std::count(addresses->begin(), addresses->end(), address), 1);
  }
}

TEST(Resolve, failures_name_the_host) {
  // RFC 6761 section 6.4: never exists. Without a network the resolver fails in another way, and names it too.
  const auto addresses = resolve({"nothing.invalid", 80});
  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().operation, "resolve 'nothing.invalid'");
  EXPECT_FALSE(addresses.error().text().ends_with("'"));
  EXPECT_EQ(resolve({"fe80::1%nope", 80}).error().detail, "there is no network interface 'nope'");
}

}  // namespace
}  // namespace lastbyte::net
