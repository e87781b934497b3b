#include "config/lxd/address.h"

#include <charconv>
#include <optional>

#include "net/address/address.h"

namespace lastbyte::config {

namespace {

using Failed = tl::unexpected<std::string>;

std::optional<unsigned> port_of(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port > 65535) return std::nullopt;
  return port;
}

/// Counts the ports of a list such as "80,8000-8010".
tl::expected<std::size_t, std::string> count_ports(std::string_view ports) {
  std::size_t count = 0;
  for (std::size_t begin = 0; begin <= ports.size();) {
    const std::size_t end = std::min(ports.find(',', begin), ports.size());
    const std::string_view each = ports.substr(begin, end - begin);
    const std::size_t dash = each.find('-');
    const auto first = port_of(each.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : port_of(each.substr(dash + 1));
    if (!first || !last) return Failed("the port is '" + std::string(each) + "'; expected 0 to 65535, or two with '-'");
    if (*last < *first) return Failed("the range '" + std::string(each) + "' ends before it begins");
    count += *last - *first + 1;
    begin = end + 1;
  }
  return count;
}

}  // namespace

bool LxdAddress::is_wildcard() const {
  if (is_unix()) return false;
  const auto address = net::Address::parse(host, 0);
  return host.empty() || (address && address->is_wildcard());
}

std::string LxdAddress::text() const {
  if (is_unix()) return "unix:" + path;
  const std::string shown = host.find(':') == std::string::npos ? host : '[' + host + ']';
  return (protocol == LxdProtocol::tcp ? "tcp:" : "udp:") + shown + ':' + ports;
}

tl::expected<LxdAddress, std::string> parse_lxd_address(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view protocol = text.substr(0, colon);
  const std::string_view rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  LxdAddress address;
  if (protocol == "unix") {
    address.protocol = LxdProtocol::unix_stream;
    address.path = rest;
    if (!rest.starts_with('/') && (!rest.starts_with('@') || rest.size() < 2)) {
      return Failed("expected unix:/PATH or unix:@NAME");
    }
    return address;
  }
  if (protocol != "tcp" && protocol != "udp")
    return Failed("expected tcp:IP:PORTS, udp:IP:PORTS, unix:/PATH or unix:@NAME");
  address.protocol = protocol == "tcp" ? LxdProtocol::tcp : LxdProtocol::udp;
  const std::size_t last = rest.rfind(':');
  if (last == std::string_view::npos)
    return Failed("the port is missing; expected " + std::string(protocol) + ":IP:PORTS");
  std::string_view host = rest.substr(0, last);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool is_v6 = host.find(':') != std::string_view::npos;
  if (!host.empty() && (is_v6 != bracketed || !net::Address::parse(host, 0))) {
    return Failed("the host is '" + std::string(rest.substr(0, last)) +
                  "'; expected a numeric address, [V6] in brackets");
  }
  address.host = host;
  address.ports = rest.substr(last + 1);
  const auto count = count_ports(address.ports);
  if (!count) return Failed(count.error());
  address.count = *count;
  return address;
}

}  // namespace lastbyte::config
