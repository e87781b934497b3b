#include "net/address/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>

#include "base/text.h"

namespace lastbyte::net {
namespace {

constexpr std::array kTransports{Transport::tcp, Transport::udp, Transport::unix_stream};
constexpr std::size_t kMaxNameLength = 253;  // RFC 1035 section 2.3.4, without the root's dot
constexpr std::size_t kMaxLabelLength = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Describes how an endpoint of that scheme is written.
std::string forms(EndpointUse use, std::string_view scheme) {
  const std::string kind(scheme);
  std::string out = "expected " + kind + ":HOST:PORT or " + kind + ":[IPV6]:PORT";
  if (use == EndpointUse::listen) out += ", or " + kind + "::PORT for all addresses";
  return out;
}

constexpr std::string_view kAllForms = "expected tcp:HOST:PORT, udp:HOST:PORT, unix:/PATH or unix:@NAME";

bool is_v6_syntax(std::string_view host) {
  if (const auto percent = host.find('%'); percent != std::string_view::npos) {
    if (percent + 1 == host.size()) return false;
    host = host.substr(0, percent);
  }
  return host.find(':') != std::string_view::npos && Address::parse(host, 0).has_value();
}

/// Whether the last label is like "1" or "0x7f". getaddrinfo(3) takes such a host for an address in inet_aton(3)'s old
/// forms ("127.1" is 127.0.0.1), and no real name ends so (RFC 3696 section 2). Only the four-part form is accepted
/// here.
bool ends_in_number(std::string_view host) {
  const auto label = host.substr(host.rfind('.') + 1);
  if (label.starts_with("0x") || label.starts_with("0X")) return true;
  return !label.empty() && std::all_of(label.begin(), label.end(), is_digit);
}

/// Returns what is wrong with a name, or nullopt.
std::optional<std::string> wrong_name(std::string_view host) {
  if (ends_in_number(host)) {
    if (Address::parse(host, 0)) return std::nullopt;
    return "'" + printable(host) + "' is not an IPv4 address; expected four numbers from 0 to 255";
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > kMaxNameLength) return "the host has more than 253 characters";
  while (true) {
    const auto dot = std::min(host.find('.'), host.size());
    const auto label = host.substr(0, dot);
    if (label.empty()) return "the host has an empty part between its dots";
    if (label.size() > kMaxLabelLength) return "a part of the host has more than 63 characters";
    if (label.front() == '-') return "a part of the host starts with '-'";
    for (const char c : label) {
      if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_') {
        return "the host holds '" + printable({&c, 1}) + "'; a name has letters, digits, '-', '_' and '.'";
      }
    }
    if (dot == host.size()) return std::nullopt;
    host = host.substr(dot + 1);
  }
}

struct Parts {
  std::string_view host;
  std::string_view ports;
};

using Wrong = tl::unexpected<std::string>;

/// Splits the text after the scheme; the error is a detail.
tl::expected<Parts, std::string> split(std::string_view rest, EndpointUse use, std::string_view scheme) {
  const std::string in_brackets = "expected " + std::string(scheme) + ":[IPV6]:PORT";
  if (rest.starts_with('[')) {
    const auto bracket = rest.find(']');
    if (bracket == std::string_view::npos) return Wrong("the ']' is missing; " + in_brackets);
    const auto host = rest.substr(1, bracket - 1);
    if (!is_v6_syntax(host)) return Wrong("'" + printable(host) + "' is not an IPv6 address");
    const auto after = rest.substr(bracket + 1);
    if (after.empty()) return Wrong("the port is missing; " + forms(use, scheme));
    if (!after.starts_with(':')) return Wrong("expected ':' and a port after the ']'");
    return Parts{host, after.substr(1)};
  }
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos) return Wrong("the port is missing; " + forms(use, scheme));
  const auto host = rest.substr(0, colon);
  if (host.find(':') != std::string_view::npos) {
    if (is_v6_syntax(host) || is_v6_syntax(rest)) {
      return Wrong("an IPv6 address stands in brackets; " + in_brackets);
    }
    return Wrong("there are too many ':'; " + forms(use, scheme));
  }
  if (host == "*" && use == EndpointUse::listen) {
    return Wrong("'*' is no host; expected " + std::string(scheme) + "::" + std::string(rest.substr(colon + 1)) +
                 " for all addresses");
  }
  if (!host.empty()) {
    if (auto wrong = wrong_name(host)) return Wrong(std::move(*wrong));
  } else if (use == EndpointUse::connect) {
    return Wrong("the host is missing; " + forms(use, scheme));
  }
  return Parts{host, rest.substr(colon + 1)};
}

tl::expected<Endpoint, std::string> parse_ip(Transport transport, std::string_view rest, EndpointUse use) {
  const std::string_view scheme = name(transport);
  if (rest.starts_with("//")) {
    return Wrong("an endpoint is no URL; expected " + std::string(scheme) + ":" + printable(rest.substr(2)) +
                 ", without the '//'");
  }
  if (std::any_of(rest.begin(), rest.end(), [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); })) {
    return Wrong("it holds a space; " + forms(use, scheme));
  }
  const auto parts = split(rest, use, scheme);
  if (!parts) return Wrong(parts.error());
  if (parts->ports.empty()) return Wrong("the port is missing; " + forms(use, scheme));
  auto ports = Ports::parse(parts->ports, use == EndpointUse::listen ? 0 : 1);
  if (!ports) return Wrong(ports.error());
  return Endpoint{transport, std::string(parts->host), std::move(*ports), {}};
}

tl::expected<Endpoint, std::string> parse_unix(std::string_view rest) {
  // sun_path (unix(7)) without the zero that ends a path or begins an abstract name.
  constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  if (rest.size() < 2 || (rest.front() != '/' && rest.front() != '@'))
    return Wrong("expected unix:/PATH, from the root, or unix:@NAME");
  if (rest.size() > longest) {
    return Wrong("the name has " + std::to_string(rest.size()) + " bytes; expected at most " + std::to_string(longest));
  }
  if (std::any_of(rest.begin(), rest.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return Wrong("it holds a control character; expected unix:/PATH or unix:@NAME");
  return Endpoint{Transport::unix_stream, {}, {}, std::string(rest)};
}

/// Parses HOST:PORTS or PORTS; nullopt: the text is neither. Both mean TCP; ports alone mean 127.0.0.1, as in ssh(1).
std::optional<Endpoint> parse_without_scheme(std::string_view text, EndpointUse use) {
  const bool ports_alone = !text.empty() && text.find_first_not_of("0123456789,-") == std::string_view::npos;
  auto endpoint = parse_ip(Transport::tcp, ports_alone ? "127.0.0.1:" + std::string(text) : std::string(text), use);
  if (!endpoint || endpoint->host.empty()) return std::nullopt;
  return std::move(*endpoint);
}

std::vector<Address> without_repeats(const addrinfo* list, std::uint16_t port) {
  std::vector<Address> out;
  for (; list != nullptr; list = list->ai_next) {
    Address address = Address::from_kernel(list->ai_addr, list->ai_addrlen);
    address.set_port(port);
    if (!address.none() && std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
  }
  return out;
}

}  // namespace

std::string_view name(Transport transport) {
  switch (transport) {
    case Transport::tcp: return "tcp";
    case Transport::udp: return "udp";
    case Transport::unix_stream: return "unix";
  }
  return "?";
}

std::string Endpoint::text() const {
  const std::string scheme = std::string(name(transport)) + ':';
  if (is_unix()) return scheme + path;
  const bool v6 = host.find(':') != std::string::npos;
  return scheme + (v6 ? '[' + host + ']' : host) + ':' + ports.text();
}

Result<Endpoint> parse_endpoint(std::string_view text, EndpointUse use) {
  const auto wrong = [&](std::string detail) {
    return failure("endpoint '" + printable(text) + "'", 0, std::move(detail));
  };
  const auto colon = text.find(':');
  const std::string_view scheme = text.substr(0, colon);
  const auto transport =
      std::find_if(kTransports.begin(), kTransports.end(), [&](Transport each) { return name(each) == scheme; });
  if (colon == std::string_view::npos || transport == kTransports.end()) {
    if (auto endpoint = parse_without_scheme(text, use)) return std::move(*endpoint);
    return wrong(std::string(kAllForms));
  }
  const std::string_view rest = text.substr(colon + 1);
  auto endpoint = *transport == Transport::unix_stream ? parse_unix(rest) : parse_ip(*transport, rest, use);
  if (!endpoint) return wrong(std::move(endpoint.error()));
  return std::move(*endpoint);
}

Result<std::vector<std::vector<Address>>> resolve(const Endpoint& endpoint) {
  if (endpoint.is_unix()) {
    const auto address = Address::unix_name(endpoint.path);
    if (!address) return failure("endpoint '" + printable(endpoint.text()) + "'", ENAMETOOLONG);
    return std::vector<std::vector<Address>>{{*address}};
  }
  const auto first = resolve(endpoint.host, endpoint.ports.at(0));
  if (!first) return Failure(first.error());
  std::vector<std::vector<Address>> all(endpoint.count(), *first);
  for (std::size_t index = 1; index < all.size(); ++index)
    for (Address& address : all[index]) address.set_port(endpoint.ports.at(index));
  return all;
}

bool is_numeric(std::string_view host) { return Address::parse(host.substr(0, host.find('%')), 0).has_value(); }

Result<std::vector<Address>> resolve(const std::string& host, std::uint16_t port) {
  if (host.empty()) return std::vector{*Address::parse("0.0.0.0", port), *Address::parse("::", port)};
  if (const auto numeric = Address::parse(host, port)) return std::vector{*numeric};
  const std::string operation = "resolve '" + printable(host) + "'";
  if (const auto percent = host.find('%'); percent != std::string::npos)
    return failure(operation, ENODEV, "there is no network interface '" + printable(host.substr(percent + 1)) + "'");

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;  // otherwise each address is returned once per socket type
  addrinfo* raw = nullptr;
  const int status = getaddrinfo(host.c_str(), nullptr, &hints, &raw);
  const int error = errno;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(raw, &freeaddrinfo);
  if (status == EAI_SYSTEM) return failure(operation, error);
  if (status != 0) return failure(operation, 0, gai_strerror(status));
  auto addresses = without_repeats(list.get(), port);
  if (addresses.empty()) return failure(operation, 0, "the name has no IPv4 or IPv6 address");
  return addresses;
}

}  // namespace lastbyte::net
