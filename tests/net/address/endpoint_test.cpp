#include "net/address/endpoint.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <ostream>
#include <string>

namespace lastbyte::net {
namespace {

constexpr auto kListen = EndpointUse::listen;
constexpr auto kConnect = EndpointUse::connect;

/// "host|ports", "unix|path", or "operation: detail".
std::string parsed(std::string_view text, EndpointUse use) {
  const auto endpoint = parse_endpoint(text, use);
  if (!endpoint) return endpoint.error().text();
  if (endpoint->is_unix()) return "unix|" + endpoint->path;
  return endpoint->host + "|" + endpoint->ports.text();
}

std::string detail_of(std::string_view text, EndpointUse use) {
  const auto endpoint = parse_endpoint(text, use);
  return endpoint ? "" : endpoint.error().detail;
}

struct Form {
  std::string text;
  std::string expected;
};

TEST(Endpoint, forms_for_both_uses) {
  for (const auto& [text, expected] : std::vector<Form>{
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
           {"tcp:127.0.0.1:8000-8010", "127.0.0.1|8000-8010"},
           {"tcp:[::1]:443,8000-8010,80", "::1|443,8000-8010,80"},
           {"udp:127.0.0.1:53", "127.0.0.1|53"},
           {"udp:[::1]:53,5353-5354", "::1|53,5353-5354"},
           {"udp:dns.example:53", "dns.example|53"},
           {"unix:/run/x.sock", "unix|/run/x.sock"},
           {"unix:/run/my app,1:2.sock", "unix|/run/my app,1:2.sock"},
           {"unix:@name", "unix|@name"},
           {"unix:@/x", "unix|@/x"},
       }) {
    EXPECT_EQ(parsed(text, kListen), expected);
    EXPECT_EQ(parsed(text, kConnect), expected);
  }
}

TEST(Endpoint, all_addresses_and_port_0_are_for_listening_only) {
  EXPECT_EQ(parsed("tcp::80", kListen), "|80");
  EXPECT_EQ(parsed("tcp::0", kListen), "|0");
  EXPECT_EQ(parsed("tcp:127.0.0.1:0", kListen), "127.0.0.1|0");
  EXPECT_EQ(parsed("udp::53,5353", kListen), "|53,5353");
  EXPECT_EQ(parsed("udp::0", kListen), "|0");
  EXPECT_EQ(parsed("udp::53", kConnect),
            "endpoint 'udp::53': the host is missing; expected udp:HOST:PORT or udp:[IPV6]:PORT");
  EXPECT_EQ(parsed("udp:127.0.0.1:0-5", kConnect),
            "endpoint 'udp:127.0.0.1:0-5': the port is '0'; expected 1 to 65535");
  EXPECT_EQ(parsed("tcp::80", kConnect),
            "endpoint 'tcp::80': the host is missing; expected tcp:HOST:PORT or tcp:[IPV6]:PORT");
  EXPECT_EQ(parsed("tcp:127.0.0.1:0", kConnect), "endpoint 'tcp:127.0.0.1:0': the port is '0'; expected 1 to 65535");
}

TEST(Endpoint, wrong_ones_say_what_was_expected) {
  const std::string all_forms = "expected tcp:HOST:PORT, udp:HOST:PORT, unix:/PATH or unix:@NAME";
  const std::string forms = "expected tcp:HOST:PORT or tcp:[IPV6]:PORT, or tcp::PORT for all addresses";
  const std::string udp_forms = "expected udp:HOST:PORT or udp:[IPV6]:PORT, or udp::PORT for all addresses";
  const std::string brackets = "an IPv6 address stands in brackets; expected tcp:[IPV6]:PORT";
  const std::string name = "; a name has letters, digits, '-', '_' and '.'";
  for (const auto& [text, detail] : std::vector<Form>{
           {"", all_forms},
           {"tcp", all_forms},
           {"70000", all_forms},
           {"80x", all_forms},
           {":80", all_forms},
           {"*:80", all_forms},
           {"::1", all_forms},
           {"127.0.0.1:70000", all_forms},
           {"tpc:host:80", all_forms},
           {"tcp://127.0.0.1:80", "an endpoint is no URL; expected tcp:127.0.0.1:80, without the '//'"},
           {"udp://h:80", "an endpoint is no URL; expected udp:h:80, without the '//'"},
           {"TCP:127.0.0.1:80", all_forms},
           {"sctp:127.0.0.1:80", all_forms},
           {"unix", all_forms},
           {"http://host:80", all_forms},
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
           {" tcp:127.0.0.1:80", all_forms},
           {"udp:127.0.0.1 :80", "it holds a space; " + udp_forms},
           {"udp:127.0.0.1", "the port is missing; " + udp_forms},
           {"udp:::1:53", "an IPv6 address stands in brackets; expected udp:[IPV6]:PORT"},
           {"tcp:127.0.0.1:80\n", "it holds a space; " + forms},
           {"tcp:ho/st:80", "the host holds '/'" + name},
           {"tcp:user@host:80", "the host holds '@'" + name},
           {"tcp:*:80", "'*' is no host; expected tcp::80 for all addresses"},
           {"udp:*:80-90", "'*' is no host; expected udp::80-90 for all addresses"},
           {"tcp:a*:80", "the host holds '*'" + name},
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

TEST(Endpoint, wrong_ports_of_a_list_are_named) {
  for (const auto& [ports, detail] : std::vector<Form>{
           {"80,", "the port is ''; expected 0 to 65535"},
           {",80", "the port is ''; expected 0 to 65535"},
           {"80-", "the port is ''; expected 0 to 65535"},
           {"65530-65540", "the port is '65540'; expected 0 to 65535"},
           {"90-80", "the range '90-80' ends where it begins or before; expected LOW-HIGH"},
           {"1-5,3", "port 3 is given twice; expected each once"},
           {"0,80", "port 0, the kernel's choice, stands alone"},
       }) {
    EXPECT_EQ(detail_of("tcp:127.0.0.1:" + ports, kListen), detail) << ports;
    EXPECT_EQ(detail_of("udp:[::1]:" + ports, kListen), detail) << ports;
  }
}

TEST(Endpoint, unix_names_are_as_long_as_the_kernel_takes) {
  // sun_path of unix(7) has 108 bytes: 107 and the zero at a path's end, or at an abstract name's beginning.
  EXPECT_TRUE(parse_endpoint("unix:/" + std::string(106, 'a'), kListen));
  EXPECT_TRUE(parse_endpoint("unix:@" + std::string(106, 'a'), kConnect));
  const std::string too_long = "the name has 108 bytes; expected at most 107";
  EXPECT_EQ(detail_of("unix:/" + std::string(107, 'a'), kListen), too_long);
  EXPECT_EQ(detail_of("unix:@" + std::string(107, 'a'), kConnect), too_long);
}

TEST(Endpoint, wrong_unix_names_say_what_was_expected) {
  const std::string forms = "expected unix:/PATH, from the root, or unix:@NAME";
  for (const auto* text : {"unix:", "unix:/", "unix:@", "unix:x.sock", "unix:./x.sock", "unix: /x"}) {
    EXPECT_EQ(detail_of(text, kListen), forms) << text;
  }
  const std::string control = "it holds a control character; expected unix:/PATH or unix:@NAME";
  EXPECT_EQ(detail_of("unix:/run/x\n", kListen), control);
  EXPECT_EQ(detail_of(std::string_view("unix:@a\0b", 9), kListen), control);
  EXPECT_EQ(detail_of("unix:/\x7f", kConnect), control);
}

TEST(Endpoint, stands_for_as_many_sockets_as_it_has_ports) {
  EXPECT_EQ(parse_endpoint("tcp::1-1000,2000", kListen)->count(), 1001U);
  EXPECT_EQ(parse_endpoint("udp:h:53", kListen)->count(), 1U);
  EXPECT_EQ(parse_endpoint("unix:/x", kListen)->count(), 1U);
  EXPECT_TRUE(parse_endpoint("unix:/x", kListen)->is_path());
  EXPECT_FALSE(parse_endpoint("unix:@x", kListen)->is_path());
  EXPECT_FALSE(parse_endpoint("tcp:h:1", kListen)->is_path());
}

TEST(Endpoint, the_error_shows_the_wrong_text_without_control_characters) {
  EXPECT_EQ(parse_endpoint("tcp:127.0.0.1:70000", kListen).error().operation, "endpoint 'tcp:127.0.0.1:70000'");
  EXPECT_EQ(parse_endpoint("\x1b[2J\xff", kListen).error().operation, "endpoint '\\x1b[2J\\xff'");
}

TEST(Endpoint, without_a_transport_it_is_tcp_and_without_a_host_loopback) {
  for (const auto& [text, meant] : std::vector<Form>{{"8080", "tcp:127.0.0.1:8080"},
                                                     {"0", "tcp:127.0.0.1:0"},
                                                     {"80,8000-8010", "tcp:127.0.0.1:80,8000-8010"},
                                                     {"127.0.0.1:80", "tcp:127.0.0.1:80"},
                                                     {"[::1]:80", "tcp:[::1]:80"},
                                                     {"localhost:80", "tcp:localhost:80"},
                                                     {"db.example:5000-5002", "tcp:db.example:5000-5002"}}) {
    const auto endpoint = parse_endpoint(text, kListen);
    ASSERT_TRUE(endpoint) << text << ": " << endpoint.error().text();
    EXPECT_EQ(endpoint->text(), meant);
  }
  EXPECT_EQ(parse_endpoint("10.0.0.6:80", kConnect)->text(), "tcp:10.0.0.6:80");
  EXPECT_EQ(parse_endpoint("80", kConnect)->text(), "tcp:127.0.0.1:80");
  EXPECT_FALSE(parse_endpoint("0", kConnect));
}

TEST(Endpoint, text_is_as_it_was_written) {
  for (const std::string text : {"tcp:127.0.0.1:80", "tcp:[::1]:80", "tcp::80", "tcp:localhost:0",
                                 "udp:[::]:53,5353-5355", "unix:/x", "unix:@x y"}) {
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

rc::Gen<Endpoint> any_endpoint() {
  return rc::gen::exec([] {
    const auto transport = *rc::gen::element(Transport::tcp, Transport::udp, Transport::unix_stream);
    if (transport == Transport::unix_stream) {
      const auto letter = rc::gen::inRange<char>(' ', '~' + 1);
      const std::string name = *rc::gen::nonEmpty(rc::gen::container<std::string>(letter));
      return Endpoint{transport, {}, {}, *rc::gen::element<std::string>("/", "@") + name.substr(0, 106)};
    }
    // Ranges with gaps between them, so that no port comes twice.
    std::string ports;
    unsigned next = *rc::gen::inRange(1U, 1000U);
    for (auto left = *rc::gen::inRange(1, 5); left > 0; --left) {
      const unsigned last = next + *rc::gen::inRange(0U, 9U);
      ports += (ports.empty() ? "" : ",") + std::to_string(next);
      if (last != next) ports += '-' + std::to_string(last);
      next = last + *rc::gen::inRange(1U, 9U);
    }
    if (*rc::gen::inRange(0, 5) == 0) ports = "0";
    return Endpoint{transport, *any_host(), *Ports::parse(ports, 0), {}};
  });
}

TEST(Endpoint, every_endpoint_survives_being_written_and_read) {
  const bool held = rc::check("parse(text(e)) == e", [] {
    const Endpoint endpoint = *any_endpoint();
    const auto again = parse_endpoint(endpoint.text(), kListen);
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == endpoint);
  });
  EXPECT_TRUE(held);
}

/// Random text that is often nearly right.
rc::Gen<std::string> any_text() {
  const auto noise = rc::gen::arbitrary<std::string>();
  const auto near = rc::gen::container<std::string>(rc::gen::elementOf(std::string("tcp:[]%.01289afx-,@/ \n")));
  return rc::gen::oneOf(noise, near, rc::gen::map(near, [](const auto& rest) { return "tcp:" + rest; }),
                        rc::gen::map(near, [](const auto& rest) { return "tcp:[" + rest + "]:80"; }),
                        rc::gen::map(near, [](const auto& rest) { return "udp:h:" + rest; }),
                        rc::gen::map(near, [](const auto& rest) { return "unix:/" + rest; }));
}

TEST(Endpoint, no_text_breaks_the_parser_and_what_it_takes_it_gives_back) {
  const bool held = rc::check("parse never crashes", [] {
    const std::string text = *any_text();
    for (const auto use : {kListen, kConnect}) {
      const auto endpoint = parse_endpoint(text, use);
      if (endpoint) {
        // PORTS and HOST:PORTS are short for TCP.
        const auto again = parse_endpoint(endpoint->text(), use);
        RC_ASSERT(again.has_value());
        RC_ASSERT(*again == *endpoint);
        RC_ASSERT(endpoint->text().ends_with(text));
        RC_ASSERT(endpoint->count() > 0);
        if (endpoint->is_unix() || use == kListen) continue;
        RC_ASSERT(!endpoint->host.empty());
        RC_ASSERT(endpoint->ports.at(0) != 0);
      } else {
        RC_ASSERT(!endpoint.error().detail.empty());
      }
    }
  });
  EXPECT_TRUE(held);
}

TEST(Resolve, numeric_addresses_need_no_look_up) {
  EXPECT_EQ(resolve("10.1.2.3", 7), std::vector{*Address::parse("10.1.2.3", 7)});
  EXPECT_EQ(resolve("2001:db8::1", 7), std::vector{*Address::parse("2001:db8::1", 7)});
}

TEST(Resolve, an_empty_host_is_both_wildcards) {
  EXPECT_EQ(resolve("", 80), (std::vector{*Address::parse("0.0.0.0", 80), *Address::parse("::", 80)}));
}

TEST(Resolve, a_name_gives_each_address_once_with_the_port) {
  const auto addresses = resolve("localhost", 80);
  ASSERT_TRUE(addresses) << addresses.error().text();
  ASSERT_FALSE(addresses->empty());
  for (const auto& address : *addresses) {
    EXPECT_EQ(address.port(), 80);
    EXPECT_EQ(std::count(addresses->begin(), addresses->end(), address), 1);
  }
}

TEST(Resolve, failures_name_the_host) {
  // RFC 6761 section 6.4: never exists. Without a network the resolver fails in another way, and names it too.
  const auto addresses = resolve("nothing.invalid", 80);
  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().operation, "resolve 'nothing.invalid'");
  EXPECT_FALSE(addresses.error().text().ends_with("'"));
  EXPECT_EQ(resolve("fe80::1%nope", 80).error().detail, "there is no network interface 'nope'");
}

TEST(Resolve, an_endpoint_has_a_list_of_addresses_for_each_port) {
  const auto all = resolve(*parse_endpoint("tcp:127.0.0.1:80,8000-8001", kConnect));
  ASSERT_TRUE(all) << all.error().text();
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ((*all)[0], std::vector{*Address::parse("127.0.0.1", 80)});
  EXPECT_EQ((*all)[1], std::vector{*Address::parse("127.0.0.1", 8000)});
  EXPECT_EQ((*all)[2], std::vector{*Address::parse("127.0.0.1", 8001)});
  const auto both = resolve(*parse_endpoint("udp::53-54", kListen));
  ASSERT_TRUE(both) << both.error().text();
  EXPECT_EQ((*both)[1], (std::vector{*Address::parse("0.0.0.0", 54), *Address::parse("::", 54)}));
}

TEST(Resolve, a_unix_socket_is_its_own_address) {
  for (const std::string path : {"/run/x.sock", "@name"}) {
    const auto all = resolve(*parse_endpoint("unix:" + path, kConnect));
    ASSERT_TRUE(all) << all.error().text();
    ASSERT_EQ(all->size(), 1U);
    EXPECT_EQ(all->front(), std::vector{*Address::unix_name(path)});
  }
  Endpoint endpoint;
  endpoint.transport = Transport::unix_stream;
  endpoint.path = "/" + std::string(200, 'a');
  ASSERT_FALSE(resolve(endpoint));
  EXPECT_EQ(resolve(endpoint).error().code, ENAMETOOLONG);
}

}  // namespace
}  // namespace lastbyte::net
