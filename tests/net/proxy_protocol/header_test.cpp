// The PROXY protocol as HAProxy's doc/proxy-protocol.txt has it: bytes that are known.
#include "net/proxy_protocol/header.h"

#include <gtest/gtest.h>

#include "net/address/mapped.h"
#include "net/proxy_protocol/wire.h"
#include "tests/harness/proxy_bytes.h"

namespace lastbyte::net::proxy_protocol {
namespace {

using namespace test;
using namespace std::string_literals;

/// Of both ways, which must be the same.
std::string answer(std::string_view bytes, std::size_t longest = kUsualLongest) {
  EXPECT_EQ(told(byte_at_a_time(bytes, longest)), told(parsed(bytes, longest)));
  return told(parsed(bytes, longest));
}

std::string unix_field(const std::string& name) { return name + std::string(108 - name.size(), '\0'); }

const std::string kV4 = "\x0a\0\0\x01\x0a\0\0\x02\x10\x92\0\x50"s;  // 10.0.0.1:4242 > 10.0.0.2:80
const std::string kV6 = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s + std::string(15, '\0') + "\x01\x10\x92\x01\xbb"s;

struct Row {
  std::string bytes;
  std::string expected;
};

TEST(ProxyV1, lines_of_the_specification) {
  for (const auto& [bytes, expected] : std::vector<Row>{
           {"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
            "v1 stream 192.168.0.1:56324 > 192.168.0.11:443 (47 bytes)"},
           {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
            "v1 stream 255.255.255.255:65535 > 255.255.255.255:65535 (56 bytes)"},
           {"PROXY TCP4 0.0.0.0 1.2.3.4 0 1\r\n", "v1 stream 0.0.0.0:0 > 1.2.3.4:1 (32 bytes)"},
           {"PROXY TCP6 2001:DB8::1 ::1 4242 443\r\n", "v1 stream [2001:db8::1]:4242 > [::1]:443 (37 bytes)"},
           {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
            "65535\r\n",
            "v1 stream [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 > "
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 (104 bytes)"},
           {"PROXY TCP6 ::ffff:10.0.0.1 ::ffff:10.0.0.2 1 2\r\n",
            "v1 stream [::ffff:10.0.0.1]:1 > [::ffff:10.0.0.2]:2 (48 bytes)"},
           {"PROXY UNKNOWN\r\n", "v1 unspecified (15 bytes)"},
           {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
            "65535\r\n",
            "v1 unspecified (107 bytes)"},
           {"PROXY UNKNOWN what ever\r\n", "v1 unspecified (25 bytes)"},
       }) {
    EXPECT_EQ(answer(bytes), expected);
    EXPECT_EQ(answer(bytes + "PROXY TCP4 \r\n data"), expected) << "what follows is the client's";
  }
}

TEST(ProxyV1, what_is_no_line_is_refused_with_its_reason) {
  const std::string fields = " fields after the protocol; expected two addresses and two ports, one space between";
  const std::string port = "; expected 0 to 65535 without heading zeroes";
  for (const auto& [bytes, expected] : std::vector<Row>{
           {"GET / HTTP/1.1\r\n", "not_proxy: what came does not begin as a PROXY header does"},
           {"PROXYTCP4 1.2.3.4", "not_proxy: what came does not begin as a PROXY header does"},
           {"proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "not_proxy: what came does not begin as a PROXY header does"},
           {"PROXY\r\n", "not_proxy: what came does not begin as a PROXY header does"},
           {"\x16\x03\x01", "not_proxy: what came does not begin as a PROXY header does"},
           {"PROXY \r\n", "malformed: the protocol is ''; expected TCP4, TCP6 or UNKNOWN"},
           {"PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "malformed: the protocol is ''; expected TCP4, TCP6 or UNKNOWN"},
           {"PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n", "malformed: the protocol is 'UDP4'; expected TCP4, TCP6 or UNKNOWN"},
           {"PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n", "malformed: the protocol is 'tcp4'; expected TCP4, TCP6 or UNKNOWN"},
           {"PROXY UNKNOWNS\r\n", "malformed: the protocol is 'UNKNOWNS'; expected TCP4, TCP6 or UNKNOWN"},
           {"PROXY \x1b[31m\x7f\r\n", "malformed: the protocol is '?[31m?'; expected TCP4, TCP6 or UNKNOWN"},
           {"PROXY TCP4\r\n", "malformed: 1" + fields},
           {"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "malformed: 3" + fields},
           {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", "malformed: 5" + fields},
           {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", "malformed: 5" + fields},
           {"PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n", "malformed: 5" + fields},
           {"PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n",
            "malformed: the source address is '01.2.3.4'; expected an IPv4 address"},
           {"PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n", "malformed: the source address is '1.2.3'; expected an IPv4 address"},
           {"PROXY TCP4 1.2.3.4 256.2.3.4 1 2\r\n",
            "malformed: the destination address is '256.2.3.4'; expected an IPv4 address"},
           {"PROXY TCP4 ::1 1.2.3.4 1 2\r\n", "malformed: the source address is '::1'; expected an IPv4 address"},
           {"PROXY TCP6 1.2.3.4 ::1 1 2\r\n", "malformed: the source address is '1.2.3.4'; expected an IPv6 address"},
           {"PROXY TCP6 ::1 fe80::1%lo 1 2\r\n",
            "malformed: the destination address is 'fe80::1%lo'; expected an IPv6 address"},
           {"PROXY TCP6 1::2::3 ::1 1 2\r\n", "malformed: the source address is '1::2::3'; expected an IPv6 address"},
           {"PROXY TCP6 [::1] ::1 1 2\r\n", "malformed: the source address is '[::1]'; expected an IPv6 address"},
           {"PROXY TCP6 00001::1 ::1 1 2\r\n", "malformed: the source address is '00001::1'; expected an IPv6 address"},
           {"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", "malformed: the source port is '01'" + port},
           {"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", "malformed: the destination port is '65536'" + port},
           {"PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n", "malformed: the source port is '-1'" + port},
           {"PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n", "malformed: the source port is '+1'" + port},
           {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2x\r\n", "malformed: the destination port is '2x'" + port},
           {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", "malformed: a line feed without the carriage return before it"},
           {"PROXY UNKNOWN\n", "malformed: a line feed without the carriage return before it"},
           {"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rx", "malformed: a carriage return without the line feed after it"},
           {"PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", "too_long: no CRLF within 107 bytes"},
           {"PROXY UNKNOWN " + std::string(93, 'x'), "too_long: no CRLF within 107 bytes"},
       }) {
    EXPECT_EQ(answer(bytes), expected);
    EXPECT_EQ(answer(bytes + "and more"), expected);
  }
}

TEST(ProxyV1, a_zero_byte_does_not_cut_an_address_short) {
  EXPECT_EQ(answer("PROXY TCP4 1.2.3.4\0x 1.2.3.4 1 2\r\n"s),
            "malformed: the source address is '1.2.3.4?x'; expected an IPv4 address");
}

TEST(ProxyParse, tells_how_many_bytes_are_missing_at_least) {
  EXPECT_EQ(told(parsed("")), "15 more");
  EXPECT_EQ(told(parsed("P")), "14 more");
  EXPECT_EQ(told(parsed("PROXY UNKNOWN")), "2 more");
  EXPECT_EQ(told(parsed("PROXY UNKNOWN\r")), "1 more");
  EXPECT_EQ(told(parsed("PROXY TCP4 1.2.3.4 1.2.3.4 1 2")), "2 more");
  EXPECT_EQ(told(parsed("\r")), "15 more");
  EXPECT_EQ(told(parsed(v2(0x21, 0x11, kV4).substr(0, 16))), "12 more");
  EXPECT_EQ(told(parsed(v2(0x21, 0x11, kV4).substr(0, 27))), "1 more");
}

TEST(ProxyV2, addresses_of_every_family) {
  for (const auto& [bytes, expected] : std::vector<Row>{
           {v2(0x21, 0x11, kV4), "v2 stream 10.0.0.1:4242 > 10.0.0.2:80 (28 bytes)"},
           {v2(0x21, 0x12, kV4), "v2 datagram 10.0.0.1:4242 > 10.0.0.2:80 (28 bytes)"},
           {v2(0x21, 0x21, kV6), "v2 stream [2001:db8::1]:4242 > [::1]:443 (52 bytes)"},
           {v2(0x21, 0x22, kV6), "v2 datagram [2001:db8::1]:4242 > [::1]:443 (52 bytes)"},
           {v2(0x21, 0x00, ""), "v2 unspecified (16 bytes)"},
           {v2(0x20, 0x00, ""), "v2 local unspecified (16 bytes)"},
       }) {
    EXPECT_EQ(answer(bytes), expected);
    EXPECT_EQ(answer(bytes + "data"), expected) << "what follows is the client's";
  }
}

TEST(ProxyV2, unix_addresses) {
  if (unix_address("/run/x").none()) GTEST_SKIP() << "net::Address has no UNIX addresses";
  for (const auto& [source, destination] : std::vector<std::pair<std::string, std::string>>{
           {"/run/client.sock", "/run/server.sock"},
           {"\0client"s, "\0server"s},
           {"", "/run/server.sock"},
           {"", ""},
           {std::string(107, 'a'), "/" + std::string(107, 'b')},
           {"\0"s + std::string(107, 'c'), "/x"},
       }) {
    const std::string bytes = v2(0x21, 0x31, unix_field(source) + unix_field(destination));
    const Parsed parsed_bytes = byte_at_a_time(bytes);
    const auto* header = std::get_if<Header>(&parsed_bytes);
    ASSERT_NE(header, nullptr) << told(parsed_bytes);
    EXPECT_EQ(header->source, unix_address(source)) << header->source.text();
    EXPECT_EQ(header->destination, unix_address(destination)) << header->destination.text();
    EXPECT_EQ(header->length, 232U);
    EXPECT_EQ(format(*header), bytes);
  }
  EXPECT_EQ(answer(v2(0x21, 0x32, unix_field("/a\0left behind by an earlier name"s) + unix_field("/b"))),
            "v2 datagram unix:/a > unix:/b (232 bytes)");
}

TEST(ProxyV2, addresses_that_are_to_be_ignored_need_not_be_any) {
  // Section 2.2: for LOCAL the family is ignored too; AF_UNSPEC and UNSPEC may come with anything.
  for (const auto& [bytes, expected] : std::vector<Row>{
           {v2(0x20, 0x11, kV4), "v2 local unspecified (28 bytes)"},
           {v2(0x20, 0x11, "xy"), "v2 local unspecified (18 bytes)"},
           {v2(0x20, static_cast<char>(0xff), "xyzzy"), "v2 local unspecified (21 bytes)"},
           {v2(0x21, 0x00, "xyzzy"), "v2 unspecified (21 bytes)"},
           {v2(0x21, 0x10, kV4), "v2 unspecified (28 bytes)"},
           {v2(0x21, 0x01, "abc"), "v2 unspecified (19 bytes)"},
           {v2(0x21, 0x02, tlv_bytes(5, "id")), "v2 unspecified 5=id (21 bytes)"},
           {v2(0x20, 0x11, kV4 + tlv_bytes(5, "id")), "v2 local unspecified 5=id (33 bytes)"},
       }) {
    EXPECT_EQ(answer(bytes), expected);
  }
}

TEST(ProxyV2, keeps_tlvs_known_and_unknown) {
  const auto answer_ = parsed(v2(0x21, 0x11,
                                 kV4 + tlv_bytes(tlv::kAuthority, "example.com") + tlv_bytes(tlv::kNoop, "") +
                                     tlv_bytes(tlv::kUniqueId, std::string(128, 'u')) + tlv_bytes(0xe0, "own")));
  const auto* header = std::get_if<Header>(&answer_);
  ASSERT_NE(header, nullptr) << told(answer_);
  ASSERT_EQ(header->tlvs.size(), 4U);
  EXPECT_EQ(header->find(tlv::kAuthority)->value, "example.com");
  EXPECT_EQ(header->find(tlv::kNoop)->value, "");
  EXPECT_EQ(header->find(tlv::kUniqueId)->value, std::string(128, 'u'));
  EXPECT_EQ(header->find(0xe0)->value, "own");
  EXPECT_EQ(header->find(tlv::kAlpn), nullptr);
}

TEST(ProxyV2, what_is_malformed_is_refused_with_its_reason) {
  const auto with = [](const std::string& tlvs) { return v2(0x21, 0x11, kV4 + tlvs); };
  for (const auto& [bytes, expected] : std::vector<Row>{
           {"\r\n\r\n\0\r\nQUIX"s, "not_proxy: what came does not begin as a PROXY header does"},
           {"\r\n\r\nGET / HTTP/1.1\r\n", "not_proxy: what came does not begin as a PROXY header does"},
           {v2(0x11, 0x11, kV4), "malformed: version 1 behind the signature; expected 2"},
           {v2(0x31, 0x11, kV4), "malformed: version 3 behind the signature; expected 2"},
           {v2(0x22, 0x11, kV4), "malformed: command 2; expected 0 (LOCAL) or 1 (PROXY)"},
           {v2(0x21, 0x41, kV4), "malformed: address family 4; expected 0 to 3"},
           {v2(0x21, 0x13, kV4), "malformed: transport 3; expected 0 to 2"},
           {v2(0x21, 0x11, ""), "malformed: a length of 0; the addresses alone take 12"},
           {v2(0x21, 0x12, kV4.substr(1)), "malformed: a length of 11; the addresses alone take 12"},
           {v2(0x21, 0x21, kV4), "malformed: a length of 12; the addresses alone take 36"},
           {v2(0x21, 0x31, kV6), "malformed: a length of 36; the addresses alone take 216"},
           {with("\x01"), "malformed: the last TLV is cut off"},
           {with("\x01\0"s), "malformed: the last TLV is cut off"},
           {with("\x01\0\x05live"s), "malformed: a TLV of 5 bytes where 4 are left"},
           {with(tlv_bytes(4, "x") + "\x04\xff\xff"), "malformed: a TLV of 65535 bytes where 0 are left"},
           {with(tlv_bytes(tlv::kUniqueId, std::string(129, 'u'))), "malformed: a unique id of 129 bytes; at most 128"},
           {with(tlv_bytes(tlv::kCrc32c, "abc")), "malformed: a checksum of 3 bytes; expected 4"},
           {with(tlv_bytes(tlv::kCrc32c, "abcd")), "bad_checksum: the CRC32C does not match the header"},
           {v2(0x20, 0, tlv_bytes(tlv::kCrc32c, "abcd")), "bad_checksum: the CRC32C does not match the header"},
           {with(tlv_bytes(tlv::kNoop, std::string(4066, 'n'))),
            "too_long: a header of 4097 bytes; at most 4096 are taken"},
       }) {
    EXPECT_EQ(answer(bytes), expected);
    EXPECT_EQ(answer(bytes + "and more"), expected);
  }
}

TEST(ProxyV2, the_callers_limit_is_told_by_the_length_before_the_bytes_come) {
  const std::string largest = v2(0x21, 0x11, kV4 + tlv_bytes(tlv::kNoop, std::string(65535 - 12 - 3, 'n')));
  ASSERT_EQ(largest.size(), 16U + 65535U);
  EXPECT_EQ(told(parsed(largest.substr(0, 16))), "too_long: a header of 65551 bytes; at most 4096 are taken");
  EXPECT_TRUE(std::holds_alternative<Header>(parsed(largest, 16 + 65535)));
  const std::string small = v2(0x21, 0x11, kV4);
  EXPECT_EQ(answer(small, 28), "v2 stream 10.0.0.1:4242 > 10.0.0.2:80 (28 bytes)");
  EXPECT_EQ(answer(small, 27), "too_long: a header of 28 bytes; at most 27 are taken");
}

// As HAProxy 2.6 sent it with `send-proxy-v2 proxy-v2-options crc32c,unique-id`.
const std::string kHaproxyWithChecksum =
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x2c\x7f\0\0\x01\x7f\0\0\x01\x9d\x18\xcb\x99\x03\0\x04"
    "\x50\xe8\xb6\xb1\x05\0\x16"
    "7F000001:9D18_6B013EC9"s;

TEST(ProxyV2, the_checksum_is_that_of_haproxy) {
  EXPECT_EQ(answer(kHaproxyWithChecksum),
            "v2 stream 127.0.0.1:40216 > 127.0.0.1:52121 3=P??? 5=7F000001:9D18_6B013EC9 (60 bytes)");
  const auto header = std::get<Header>(parsed(kHaproxyWithChecksum));
  EXPECT_EQ(format(header), kHaproxyWithChecksum);
}

TEST(ProxyV2, with_a_checksum_no_changed_bit_passes) {
  for (std::size_t bit = 0; bit < kHaproxyWithChecksum.size() * 8; ++bit) {
    std::string changed = kHaproxyWithChecksum;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const Parsed parsed_changed = parsed(changed);
    const auto* header = std::get_if<Header>(&parsed_changed);
    // Only where the bit makes the checksum another TLV, or the header LOCAL or UNSPEC, which are taken as they are.
    if (header == nullptr) continue;
    EXPECT_TRUE(header->find(tlv::kCrc32c) == nullptr) << "bit " << bit << ": " << told(parsed_changed);
  }
}

TEST(ProxyV2, one_header_has_one_checksum) {
  std::string bytes = v2(0x21, 0x11, kV4 + tlv_bytes(tlv::kCrc32c, "abcd") + tlv_bytes(tlv::kCrc32c, "efgh"));
  const std::size_t at = kFixedSize + kV4.size() + kTlvStart;
  const std::uint32_t sum = crc32c_without(bytes, at);
  for (std::size_t i = 0; i < kCrcSize; ++i) bytes[at + i] = static_cast<char>(sum >> (24 - 8 * i));
  EXPECT_EQ(answer(bytes), "malformed: two checksums");
}

// Writing.

TEST(ProxyFormat, version_1) {
  const auto line = [](const Address& source, const Address& destination) {
    return *format({.version = Version::v1, .source = source, .destination = destination});
  };
  const Address a4 = *Address::parse("10.0.0.1", 4242);
  const Address b4 = *Address::parse("10.0.0.2", 80);
  const Address a6 = *Address::parse("2001:db8::1", 4242);
  const Address b6 = *Address::parse("::1", 80);
  EXPECT_EQ(line(a4, b4), "PROXY TCP4 10.0.0.1 10.0.0.2 4242 80\r\n");
  EXPECT_EQ(line(a6, b6), "PROXY TCP6 2001:db8::1 ::1 4242 80\r\n");
  EXPECT_EQ(line(mapped(a4), mapped(b4)), "PROXY TCP4 10.0.0.1 10.0.0.2 4242 80\r\n");
  EXPECT_EQ(line(a4, b6), "PROXY TCP6 ::ffff:10.0.0.1 ::1 4242 80\r\n");
  EXPECT_EQ(line(a6, b4), "PROXY TCP6 2001:db8::1 ::ffff:10.0.0.2 4242 80\r\n");
  EXPECT_EQ(line(*Address::parse("fe80::1%1", 7), b6), "PROXY TCP6 fe80::1 ::1 7 80\r\n");
  EXPECT_EQ(line({}, b4), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(line(unix_address("/run/x"), unix_address("/run/y")), "PROXY UNKNOWN\r\n");
  const Header datagram{.version = Version::v1, .transport = Transport::datagram, .source = a4, .destination = b4};
  EXPECT_EQ(*format(datagram), "PROXY UNKNOWN\r\n");
  const Header local{.version = Version::v1, .command = Command::local, .source = a4, .destination = b4};
  EXPECT_EQ(*format(local), "PROXY UNKNOWN\r\n");
}

TEST(ProxyFormat, version_2) {
  const Address a4 = *Address::parse("10.0.0.1", 4242);
  const Address b4 = *Address::parse("10.0.0.2", 80);
  EXPECT_EQ(*format({.source = a4, .destination = b4}), v2(0x21, 0x11, kV4));
  EXPECT_EQ(*format({.transport = Transport::datagram, .source = a4, .destination = b4}), v2(0x21, 0x12, kV4));
  EXPECT_EQ(*format({.source = *Address::parse("2001:db8::1", 4242), .destination = *Address::parse("::1", 443)}),
            v2(0x21, 0x21, kV6));
  EXPECT_EQ(*format({.command = Command::local, .source = a4, .destination = b4}), v2(0x20, 0, ""));
  EXPECT_EQ(*format({.source = a4, .destination = unix_address("/run/x")}), v2(0x21, 0, ""));
  EXPECT_EQ(*format({.source = a4, .destination = b4, .tlvs = {{tlv::kUniqueId, "id"}, {0xe0, ""}}}),
            v2(0x21, 0x11, kV4 + tlv_bytes(5, "id") + tlv_bytes(0xe0, "")));
}

TEST(ProxyFormat, says_what_does_not_fit) {
  const Header id{.tlvs = {{tlv::kUniqueId, std::string(129, 'u')}}};
  EXPECT_EQ(format(id).error().text(), "PROXY header: a unique id of 129 bytes; at most 128");
  Header many;
  many.tlvs.push_back({.type = tlv::kNoop, .value = std::string(65532, 'n')});
  EXPECT_EQ(format(many)->size(), 16U + 65535U);
  many.tlvs.front().value += 'n';
  EXPECT_EQ(format(many).error().text(), "PROXY header: addresses and TLVs take 65536 bytes; at most 65535");
}

}  // namespace
}  // namespace lastbyte::net::proxy_protocol
