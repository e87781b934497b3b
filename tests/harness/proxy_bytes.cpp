#include "tests/harness/proxy_bytes.h"

#include <gtest/gtest.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <ostream>

namespace lastbyte::net::proxy_protocol {

void PrintTo(const Header& header, std::ostream* out) {
  *out << (header.version == Version::v1 ? "v1 " : "v2 ") << (header.command == Command::local ? "local " : "");
  if (header.transport == Transport::unspecified) {
    *out << "unspecified";
  } else {
    *out << (header.transport == Transport::stream ? "stream " : "datagram ") << header.source.text() << " > "
         << header.destination.text();
  }
  for (const Tlv& each : header.tlvs) {
    *out << ' ' << unsigned{each.type} << '=';
    for (const char c : each.value) *out << (c >= ' ' && c <= '~' ? c : '?');
  }
}

namespace test {

namespace {

using namespace std::string_literals;

std::string fault_name(Fault fault) {
  switch (fault) {
    case Fault::not_proxy: return "not_proxy";
    case Fault::malformed: return "malformed";
    case Fault::too_long: return "too_long";
    case Fault::bad_checksum: return "bad_checksum";
  }
  return "?";
}

}  // namespace

Parsed parsed(std::string_view bytes, std::size_t longest) {
  return parse(std::as_bytes(std::span(bytes.data(), bytes.size())), longest);
}

std::string told(const Parsed& answer) {
  if (const auto* more = std::get_if<NeedMore>(&answer)) return std::to_string(more->at_least) + " more";
  if (const auto* wrong = std::get_if<Refusal>(&answer)) return fault_name(wrong->fault) + ": " + wrong->reason;
  const auto& header = std::get<Header>(answer);
  return testing::PrintToString(header) + " (" + std::to_string(header.length) + " bytes)";
}

Parsed byte_at_a_time(std::string_view bytes, std::size_t longest) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Parsed answer = parsed(bytes.substr(0, size), longest);
    if (!std::holds_alternative<NeedMore>(answer)) return answer;
  }
  return parsed(bytes, longest);
}

std::string v2(char command, char family, const std::string& body) {
  return "\r\n\r\n\0\r\nQUIT\n"s + command + family + static_cast<char>(body.size() >> 8U) +
         static_cast<char>(body.size() & 0xffU) + body;
}

std::string tlv_bytes(int type, const std::string& value) {
  return std::string{static_cast<char>(type), static_cast<char>(value.size() >> 8U),
                     static_cast<char>(value.size() & 0xffU)} +
         value;
}

Address unix_address(const std::string& name) {
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  std::memcpy(raw.sun_path, name.data(), std::min(name.size(), sizeof raw.sun_path));
  return Address::from_kernel(reinterpret_cast<sockaddr*>(&raw),
                              static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size()));
}

}  // namespace test
}  // namespace lastbyte::net::proxy_protocol
