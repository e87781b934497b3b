#include "config/settings/names.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "config/settings/numbers.h"

namespace lastbyte::config {

namespace {

using Failed = tl::unexpected<std::string>;

bool printable(char c) { return c > ' ' && c <= '~'; }

bool is_word(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), printable);
}

std::string same(const std::string& text) { return text; }

tl::expected<std::uint16_t, std::string> parse_port(std::string_view text) {
  return parse_count(text, 0, std::numeric_limits<std::uint16_t>::max())
      .map([](std::uint64_t port) { return static_cast<std::uint16_t>(port); })
      .map_error([&](const std::string&) { return "the port is '" + std::string(text) + "'; expected 0 to 65535"; });
}

/// The two halves of a source address: "10.0.0.1" and "4000"; without brackets, and the port empty when there is none.
struct HostAndPort {
  std::string_view host;
  std::optional<std::string_view> port;
};

HostAndPort split_source(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {text, std::nullopt};
    const std::string_view after = text.substr(end + 1);
    if (after.empty()) return {text.substr(1, end - 1), std::nullopt};
    if (!after.starts_with(':')) return {text, std::nullopt};
    return {text.substr(1, end - 1), after.substr(1)};
  }
  const std::size_t colon = text.find(':');
  const bool one_colon = colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
  if (!one_colon) return {text, std::nullopt};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

constexpr std::string_view kSourceForm = "a numeric address such as 10.0.0.1, 10.0.0.1:4000, ::1 or [::1]:4000";

tl::expected<net::Address, std::string> parse_source(std::string_view text) {
  const HostAndPort parts = split_source(text);
  tl::expected<std::uint16_t, std::string> port = 0;
  if (parts.port) port = parse_port(*parts.port);
  if (!port) return Failed(port.error());
  const std::optional<net::Address> address = net::Address::parse(parts.host, *port);
  if (!address) return Failed(expected("not an address", kSourceForm));
  if (address->is_wildcard()) return Failed(expected("stands for all addresses", kSourceForm));
  return *address;
}

std::string print_source(const net::Address& address) {
  return address.port() == 0 ? address.ip_text() : address.text();
}

}  // namespace

Codec<net::Endpoint> endpoint_codec(net::EndpointUse use) {
  return {.placeholder = "ENDPOINT",
          .expects = use == net::EndpointUse::listen
                         ? "tcp:HOST:PORTS, tcp:[V6]:PORTS, tcp::PORTS, the same with udp, unix:/PATH or unix:@NAME"
                         : "tcp:HOST:PORTS, tcp:[V6]:PORTS, the same with udp, unix:/PATH or unix:@NAME",
          .parse = [use](std::string_view text) -> tl::expected<net::Endpoint, std::string> {
            return net::parse_endpoint(text, use).map_error(
                [](const Error& error) { return error.detail.empty() ? error.text() : error.detail; });
          },
          .print = [](const net::Endpoint& endpoint) { return endpoint.text(); }};
}

Codec<net::NamespaceName> netns_codec() {
  return {.placeholder = "NETNS",
          .expects = "a path, a name of `ip netns`, pid:NUMBER, pidfd:NUMBER, or none",
          .parse = net::NamespaceName::parse,
          .print = [](const net::NamespaceName& name) { return name.text(); }};
}

Codec<net::RootName> root_codec() {
  return {.placeholder = "ROOT",
          .expects = "a path, pid:NUMBER, pidfd:NUMBER, or none",
          .parse = net::RootName::parse,
          .print = [](const net::RootName& name) { return name.text(); }};
}

Codec<net::Cidr> network_codec() {
  return {.placeholder = "NETWORK",
          .expects = "networks such as 10.0.0.0/8 or 2001:db8::/32, or single addresses",
          .parse = [](std::string_view text) -> tl::expected<net::Cidr, std::string> {
            return net::Cidr::parse(text).map_error([](const Error& error) { return error.detail; });
          },
          .print = [](const net::Cidr& network) { return network.text(); }};
}

Codec<net::Address> source_codec() {
  return {
      .placeholder = "ADDRESS[:PORT]", .expects = "numeric addresses", .parse = parse_source, .print = print_source};
}

Codec<std::string> word_codec(std::string placeholder, const std::string& expects, std::size_t longest) {
  return {.placeholder = std::move(placeholder),
          .expects = expects,
          .parse = [=](std::string_view text) -> tl::expected<std::string, std::string> {
            if (!is_word(text, longest)) {
              return Failed("expected " + expects + ": 1 to " + std::to_string(longest) +
                            " printable ASCII characters without spaces");
            }
            return std::string(text);
          },
          .print = same};
}

Codec<std::string> word_or_none_codec(std::string placeholder, const std::string& expects, std::size_t longest) {
  return with_word(word_codec(std::move(placeholder), expects, longest), std::string(kNoneWord), std::string());
}

Codec<std::string> interface_codec() {
  // IFNAMSIZ is 16 with the final zero; net/core/dev.c dev_valid_name forbids '/', ':' and spaces.
  Codec<std::string> codec = word_codec("NAME", "the name of a network interface", 15);
  codec.parse = [word = codec.parse](std::string_view text) -> tl::expected<std::string, std::string> {
    if (text.find_first_of("/:") != std::string_view::npos) {
      return Failed("expected the name of a network interface: no '/' and no ':'");
    }
    return word(text);
  };
  return with_word(codec, std::string(kNoneWord), std::string());
}

Codec<std::string> log_target_codec() {
  return {.placeholder = "TARGET",
          .expects = "stderr, off, or a file's path",
          .parse = [](std::string_view text) -> tl::expected<std::string, std::string> {
            const bool control =
                std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
            // "stdout" or "none" would be a file in the current directory.
            const bool word = text == "stderr" || text == "off";
            if (control || (!word && text.find('/') == std::string_view::npos))
              return Failed("expected stderr, off, or a file's path with a '/', such as ./records.log");
            return std::string(text);
          },
          .print = same};
}

}  // namespace lastbyte::config
