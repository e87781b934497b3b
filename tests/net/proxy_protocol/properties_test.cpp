// What holds for all headers of the PROXY protocol, and for all bytes.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "net/address/mapped.h"
#include "tests/harness/proxy_bytes.h"

namespace lastbyte::net::proxy_protocol {
namespace {

using namespace test;
using namespace std::string_literals;

Address any_address(int family) {
  const auto port = *rc::gen::arbitrary<std::uint16_t>();
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = *rc::gen::arbitrary<std::uint32_t>();
    v4.sin_port = port;
    return Address(v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = port;
  for (auto& byte : v6.sin6_addr.s6_addr) byte = *rc::gen::element<std::uint8_t>(0, 0, 1, 0x20, 0xff);
  return Address(v6);
}

Address any_unix() {
  const std::string name = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
  const auto kind = *rc::gen::inRange(0, 3);
  if (kind == 0 || name.empty()) return unix_address("");
  return unix_address((kind == 1 ? "/"s : "\0"s) + name.substr(0, 100));
}

/// One that format() tells as it is.
Header any_header() {
  Header header;
  header.version = *rc::gen::element(Version::v1, Version::v2);
  header.transport =
      *rc::gen::element(Transport::stream, Transport::unspecified, Transport::stream, Transport::datagram);
  if (header.version == Version::v1 && header.transport == Transport::datagram) header.transport = Transport::stream;
  const int family = *rc::gen::element<int>(AF_INET, AF_INET6, AF_UNIX);
  const bool has_unix = header.version == Version::v2 && !unix_address("/x").none();
  if (header.transport != Transport::unspecified) {
    const auto any = [&] {
      return family == AF_UNIX && has_unix ? any_unix() : any_address(family == AF_INET ? AF_INET : AF_INET6);
    };
    header.source = any();
    header.destination = any();
    RC_PRE(unmapped(header.source) == header.source && unmapped(header.destination) == header.destination);
  }
  if (header.version == Version::v1) return header;
  if (header.transport == Transport::unspecified) header.command = *rc::gen::element(Command::local, Command::proxy);
  const auto count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) {
    const auto type = *rc::gen::elementOf(std::vector{tlv::kAuthority, tlv::kNoop, tlv::kUniqueId, std::uint8_t{0xe0}});
    header.tlvs.push_back({.type = type, .value = *rc::gen::arbitrary<std::string>()});
  }
  return header;
}

Header parsed_header(const std::string& bytes) {
  const Parsed answer_ = parsed(bytes);
  if (!std::holds_alternative<Header>(answer_)) RC_FAIL(told(answer_));
  return std::get<Header>(answer_);
}

TEST(ProxyProperties, what_is_written_is_read_again) {
  EXPECT_TRUE(rc::check("parse(format(header)) == header", [] {
    Header header = any_header();
    const std::string bytes = *format(header);
    header.length = bytes.size();
    RC_ASSERT(parsed_header(bytes + *rc::gen::arbitrary<std::string>()) == header);
  }));
}

TEST(ProxyProperties, what_is_written_with_a_checksum_is_read_again) {
  EXPECT_TRUE(rc::check("the checksum is right", [] {
    Header header = any_header();
    header.version = Version::v2;
    header.tlvs.insert(header.tlvs.begin(), {.type = tlv::kCrc32c, .value = "any"});
    const std::string bytes = *format(header);
    Header again = parsed_header(bytes);
    RC_ASSERT(again.find(tlv::kCrc32c)->value.size() == 4U);
    again.tlvs.front().value = "any";
    header.length = bytes.size();
    RC_ASSERT(again == header);
    RC_ASSERT(*format(again) == bytes);
  }));
}

TEST(ProxyProperties, at_least_is_never_more_than_the_header_has) {
  EXPECT_TRUE(rc::check("0 < at_least <= what is missing", [] {
    const std::string bytes = *format(any_header());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Parsed part = parsed(std::string_view(bytes).substr(0, size));
      RC_ASSERT(std::holds_alternative<NeedMore>(part));
      const std::size_t least = std::get<NeedMore>(part).at_least;
      RC_ASSERT(least > 0U);
      RC_ASSERT(least <= bytes.size() - size);
    }
  }));
}

/// Often nearly a header.
std::string any_bytes() {
  const auto noise = *rc::gen::arbitrary<std::string>();
  switch (*rc::gen::inRange(0, 5)) {
    case 0: return noise;
    case 1: return "PROXY " + noise;
    case 2: return "PROXY TCP" + *rc::gen::container<std::string>(rc::gen::elementOf("46 0123:.\r\nf"s));
    case 3:
      return v2(*rc::gen::element<char>(0x20, 0x21, 0x22), *rc::gen::element<char>(0, 0x11, 0x12, 0x21, 0x31, 0x41),
                noise);
    default: break;
  }
  std::string bytes = *format(any_header());
  const auto changes = *rc::gen::inRange(0, 3);
  for (int i = 0; i < changes; ++i)
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
  return bytes + noise;
}

TEST(ProxyProperties, the_answer_does_not_depend_on_how_the_bytes_were_cut) {
  EXPECT_TRUE(rc::check("byte at a time == at once", [] {
    const std::string bytes = any_bytes();
    const std::size_t longest = *rc::gen::element<std::size_t>(16, 64, kUsualLongest);
    const Parsed at_once = parsed(bytes, longest);
    RC_ASSERT(byte_at_a_time(bytes, longest) == at_once);
    if (const auto* header = std::get_if<Header>(&at_once)) {
      RC_ASSERT(header->length <= bytes.size());
      RC_ASSERT(header->source.none() == header->destination.none());
    }
    if (const auto* wrong = std::get_if<Refusal>(&at_once)) {
      RC_ASSERT(!wrong->reason.empty());
      for (const char c : wrong->reason) RC_ASSERT(c >= ' ' && c <= '~');
    }
  }));
}

}  // namespace
}  // namespace lastbyte::net::proxy_protocol
