#include "net/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

namespace lastbyte::net {
namespace {

constexpr std::string_view kScheme = "tcp:";
constexpr std::size_t kMaxNameLength = 253;  // RFC 1035 section 2.3.4, without the root's dot
constexpr std::size_t kMaxLabelLength = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Wrong texts come back to a terminal: what does not print is shown as \xNN.
std::string printable(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += hex[byte >> 4U];
      out += hex[byte & 0xfU];
    }
  }
  return out;
}

std::string forms(EndpointUse use) {
  std::string out = "expected tcp:HOST:PORT or tcp:[IPV6]:PORT";
  if (use == EndpointUse::listen) out += ", or tcp::PORT for all addresses";
  return out;
}

bool is_v6_syntax(std::string_view host) {
  if (const auto percent = host.find('%'); percent != std::string_view::npos) {
    if (percent + 1 == host.size()) return false;
    host = host.substr(0, percent);
  }
  return host.find(':') != std::string_view::npos && Address::parse(host, 0).has_value();
}

/// A last label like "1" or "0x7f": getaddrinfo(3) takes such a host for an address in inet_aton(3)'s old forms
/// ("127.1" is 127.0.0.1), and no real name ends so (RFC 3696 section 2). Only the four-part form is wanted here.
bool ends_in_number(std::string_view host) {
  const auto label = host.substr(host.rfind('.') + 1);
  if (label.starts_with("0x") || label.starts_with("0X")) return true;
  return !label.empty() && std::all_of(label.begin(), label.end(), is_digit);
}

/// What is wrong with a name, or nullopt.
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

/// No sign, no leading zero: text() gives back what was written.
std::optional<std::uint16_t> parse_port(std::string_view text, EndpointUse use) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (port == 0 && use == EndpointUse::connect) return std::nullopt;
  return port;
}

struct Parts {
  std::string_view host;
  std::string_view port;
};

using Wrong = tl::unexpected<std::string>;

/// The text after "tcp:", split; the error is a detail.
tl::expected<Parts, std::string> split(std::string_view rest, EndpointUse use) {
  if (rest.starts_with('[')) {
    const auto bracket = rest.find(']');
    if (bracket == std::string_view::npos) return Wrong("the ']' is missing; expected tcp:[IPV6]:PORT");
    const auto host = rest.substr(1, bracket - 1);
    if (!is_v6_syntax(host)) return Wrong("'" + printable(host) + "' is not an IPv6 address");
    const auto after = rest.substr(bracket + 1);
    if (after.empty()) return Wrong("the port is missing; " + forms(use));
    if (!after.starts_with(':')) return Wrong("expected ':' and a port after the ']'");
    return Parts{host, after.substr(1)};
  }
  const auto colon = rest.rfind(':');
  if (colon == std::string_view::npos) return Wrong("the port is missing; " + forms(use));
  const auto host = rest.substr(0, colon);
  if (host.find(':') != std::string_view::npos) {
    if (is_v6_syntax(host) || is_v6_syntax(rest)) {
      return Wrong("an IPv6 address stands in brackets; expected tcp:[IPV6]:PORT");
    }
    return Wrong("there are too many ':'; " + forms(use));
  }
  if (!host.empty()) {
    if (auto wrong = wrong_name(host)) return Wrong(std::move(*wrong));
  } else if (use == EndpointUse::connect) {
    return Wrong("the host is missing; " + forms(use));
  }
  return Parts{host, rest.substr(colon + 1)};
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

std::string Endpoint::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return std::string(kScheme) + (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

Result<Endpoint> parse_endpoint(std::string_view text, EndpointUse use) {
  const auto wrong = [&](std::string detail) {
    return failure("endpoint '" + printable(text) + "'", 0, std::move(detail));
  };
  if (std::any_of(text.begin(), text.end(), [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); })) {
    return wrong("it holds a space; " + forms(use));
  }
  if (!text.starts_with(kScheme)) return wrong(forms(use));
  const auto parts = split(text.substr(kScheme.size()), use);
  if (!parts) return wrong(parts.error());
  if (parts->port.empty()) return wrong("the port is missing; " + forms(use));
  const auto port = parse_port(parts->port, use);
  if (!port) {
    const std::string least = use == EndpointUse::listen ? "0" : "1";
    return wrong("the port is '" + printable(parts->port) + "'; expected " + least + " to 65535");
  }
  return Endpoint{std::string(parts->host), *port};
}

Result<std::vector<Address>> resolve(const Endpoint& endpoint) {
  if (endpoint.host.empty()) {
    return std::vector{*Address::parse("0.0.0.0", endpoint.port), *Address::parse("::", endpoint.port)};
  }
  if (const auto numeric = Address::parse(endpoint.host, endpoint.port)) return std::vector{*numeric};
  const std::string operation = "resolve '" + printable(endpoint.host) + "'";
  if (const auto percent = endpoint.host.find('%'); percent != std::string::npos) {
    return failure(operation, 0,
                   "there is no network interface '" + printable(endpoint.host.substr(percent + 1)) + "'");
  }

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;  // otherwise each address comes once for every kind of socket
  addrinfo* raw = nullptr;
  const int status = getaddrinfo(endpoint.host.c_str(), nullptr, &hints, &raw);
  const int error = errno;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(raw, &freeaddrinfo);
  if (status == EAI_SYSTEM) return failure(operation, error);
  if (status != 0) return failure(operation, 0, gai_strerror(status));
  auto addresses = without_repeats(list.get(), endpoint.port);
  if (addresses.empty()) return failure(operation, 0, "the name has no IPv4 or IPv6 address");
  return addresses;
}

}  // namespace lastbyte::net
