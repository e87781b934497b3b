#include "config/values/names.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include "config/values/numbers.h"
#include "net/address/syslog.h"

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

/// The parts of a source address: "10.0.0.1" and "4000"; no brackets, and no port if none is given.
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

constexpr std::string_view kSourceForm =
    "a numeric address such as 10.0.0.1, 10.0.0.1:4000, 10.0.0.1:40000-49999, ::1 or [::1]:4000";

tl::expected<net::Address, std::string> parse_host(std::string_view host, std::uint16_t port) {
  const std::optional<net::Address> address = net::Address::parse(host, port);
  if (!address) return Failed(expected("not an address", kSourceForm));
  if (address->is_wildcard()) return Failed(expected("stands for all addresses", kSourceForm));
  return *address;
}

/// "40000-49999". Whether the kernel may use these ports is known only when it connects.
tl::expected<net::PortRange, std::string> parse_port_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  if (!first) return Failed(first.error());
  const auto last = parse_port(text.substr(dash + 1));
  if (!last) return Failed(last.error());
  if (*first == 0 || *first > *last)
    return Failed("its ports are " + std::string(text) + "; expected FIRST-LAST, from 1 to 65535");
  return net::PortRange{*first, *last};
}

tl::expected<net::Source, std::string> parse_source(std::string_view text) {
  const HostAndPort parts = split_source(text);
  if (parts.port && parts.port->find('-') != std::string_view::npos) {
    const auto ports = parse_port_range(*parts.port);
    if (!ports) return Failed(ports.error());
    return parse_host(parts.host, 0).map([&](const net::Address& address) { return net::Source(address, *ports); });
  }
  tl::expected<std::uint16_t, std::string> port = 0;
  if (parts.port) port = parse_port(*parts.port);
  if (!port) return Failed(port.error());
  return parse_host(parts.host, *port).map([](const net::Address& address) { return net::Source(address); });
}

}  // namespace

namespace {

constexpr std::string_view kGroupScheme = "group:";
constexpr std::string_view kSrvScheme = "srv:";

tl::expected<net::Endpoint, std::string> parse_end(std::string_view text, net::EndpointUse use) {
  return net::parse_endpoint(text, use).map_error(
      [](const Error& error) { return error.detail.empty() ? error.text() : error.detail; });
}

tl::expected<UpstreamName, std::string> parse_connect(std::string_view text) {
  auto endpoint = parse_end(text, net::EndpointUse::connect);
  // "group:80" means port 80 of the host "group".
  if (endpoint || !text.starts_with(kGroupScheme))
    return endpoint.map([](const net::Endpoint& it) { return UpstreamName{it, {}}; });
  return parse_group_name(text.substr(kGroupScheme.size())).map([](const std::string& name) {
    return UpstreamName{{}, name};
  });
}

/// RFC 2782: _Service._Proto.Name
tl::expected<MemberEndpoint, std::string> parse_srv(std::string_view name) {
  const std::string form = "expected srv:_SERVICE._tcp.NAME or srv:_SERVICE._udp.NAME";
  const std::size_t service = name.find('.');
  if (!name.starts_with('_') || service == std::string_view::npos) return Failed(form);
  const std::string_view rest = name.substr(service + 1);
  const bool tcp = rest.starts_with("_tcp.");
  if (!tcp && !rest.starts_with("_udp.")) return Failed(form);
  auto endpoint = parse_end("tcp:" + std::string(name) + ":1", net::EndpointUse::connect);
  if (!endpoint) return Failed(endpoint.error());
  return MemberEndpoint{{.transport = tcp ? net::Transport::tcp : net::Transport::udp, .host = std::string(name)},
                        true};
}

tl::expected<MemberEndpoint, std::string> parse_member(std::string_view text) {
  if (text.starts_with(kSrvScheme)) return parse_srv(text.substr(kSrvScheme.size()));
  auto endpoint = parse_end(text, net::EndpointUse::connect);
  if (!endpoint && text.starts_with(kGroupScheme))
    return Failed("a group cannot be a member of a group; expected the members of that group here");
  return endpoint.map([](const net::Endpoint& it) { return MemberEndpoint{it, false}; });
}

}  // namespace

Codec<net::Endpoint> listen_codec() {
  return {.placeholder = "ENDPOINT",
          .expects = "tcp:HOST:PORTS, tcp:[V6]:PORTS, tcp::PORTS, the same with udp, unix:/PATH or unix:@NAME",
          .parse = [](std::string_view text) { return parse_end(text, net::EndpointUse::listen); },
          .print = [](const net::Endpoint& endpoint) { return endpoint.text(); }};
}

Codec<UpstreamName> connect_codec() {
  return {.placeholder = "ENDPOINT",
          .expects = "tcp:HOST:PORTS, tcp:[V6]:PORTS, the same with udp, unix:/PATH, unix:@NAME or group:NAME",
          .parse = parse_connect,
          .print = [](const UpstreamName& it) {
            return it.group.empty() ? it.endpoint.text() : std::string(kGroupScheme) + it.group;
          }};
}

Codec<MemberEndpoint> member_codec() {
  return {.placeholder = "ENDPOINT",
          .expects = "tcp:HOST:PORTS, tcp:[V6]:PORTS, the same with udp, unix:/PATH, unix:@NAME or srv:NAME",
          .parse = parse_member,
          .print = [](const MemberEndpoint& it) {
            return it.srv ? std::string(kSrvScheme) + it.endpoint.host : it.endpoint.text();
          }};
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

Codec<net::Source> source_codec() {
  return {.placeholder = "ADDRESS[:PORTS]",
          .expects = "numeric addresses, with or without ports",
          .parse = parse_source,
          .print = [](const net::Source& source) { return source.text(); }};
}

constexpr std::uint16_t kDns = 53;

Codec<net::Address> server_codec() {
  return {.placeholder = "ADDRESS[:PORT]",
          .expects = "numeric addresses",
          .parse = [](std::string_view text) -> tl::expected<net::Address, std::string> {
            const HostAndPort parts = split_source(text);
            tl::expected<std::uint16_t, std::string> port = kDns;
            if (parts.port) port = parse_port(*parts.port);
            if (!port) return Failed(port.error());
            return parse_host(parts.host, *port == 0 ? kDns : *port);
          },
          .print = [](const net::Address& address) { return address.text(); }};
}

tl::expected<std::string, std::string> parse_group_name(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto may_follow = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  if (text.empty() || text.size() > kLongest || !is_letter(text.front()) || !std::ranges::all_of(text, may_follow))
    return Failed("expected the name of a group: 1 to 64 letters, digits, '-' and '_', and a letter first");
  return std::string(text);
}

namespace {

std::optional<int> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// One byte and the length of its text; nullopt: it is no escape.
struct Escape {
  char byte;
  std::size_t length;
};

/// Precondition: `text` begins with a backslash.
std::optional<Escape> read_escape(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  switch (text[1]) {
    case 'r': return Escape{'\r', 2};
    case 'n': return Escape{'\n', 2};
    case 't': return Escape{'\t', 2};
    case '\\': return Escape{'\\', 2};
    case 'x': break;
    default: return std::nullopt;
  }
  if (text.size() < 4) return std::nullopt;
  const auto high = hex_value(text[2]);
  const auto low = hex_value(text[3]);
  if (!high || !low) return std::nullopt;
  return Escape{static_cast<char>(*high * 16 + *low), 4};
}

std::string escaped(const std::string& bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    const bool outer_space = byte == ' ' && (at == 0 || at + 1 == bytes.size());
    if (byte == '\\') {
      text += "\\\\";
    } else if (byte >= ' ' && byte < 0x7f && !outer_space) {
      text += bytes[at];
    } else {
      text += "\\x";
      text += kHex[byte >> 4U];
      text += kHex[byte & 0xfU];
    }
  }
  return text;
}

}  // namespace

Codec<std::string> bytes_codec(std::size_t longest) {
  const std::string expects = "at most " + std::to_string(longest) + " bytes, with \\r, \\n, \\t, \\\\ and \\xNN";
  return {.placeholder = "BYTES",
          .expects = expects,
          .parse = [=](std::string_view text) -> tl::expected<std::string, std::string> {
            std::string bytes;
            for (std::size_t at = 0; at < text.size();) {
              if (text[at] != '\\') {
                bytes += text[at++];
                continue;
              }
              const auto escape = read_escape(text.substr(at));
              if (!escape) return Failed("expected " + expects);
              bytes += escape->byte;
              at += escape->length;
            }
            if (bytes.size() > longest) return Failed("expected " + expects);
            return bytes;
          },
          .print = escaped};
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

Codec<std::string> interface_name_codec() {
  // IFNAMSIZ is 16 with the final zero; net/core/dev.c dev_valid_name forbids '/', ':' and spaces.
  Codec<std::string> codec = word_codec("NAME", "the name of a network interface", 15);
  codec.parse = [word = codec.parse](std::string_view text) -> tl::expected<std::string, std::string> {
    if (text.find_first_of("/:") != std::string_view::npos) {
      return Failed("expected the name of a network interface: no '/' and no ':'");
    }
    return word(text);
  };
  return codec;
}

Codec<std::string> interface_codec() {
  return with_word(interface_name_codec(), std::string(kNoneWord), std::string());
}

Codec<std::string> log_target_codec() {
  const std::string expects = "stderr, stdout, syslog, syslog:unix:/PATH, syslog:udp:ADDRESS:PORT, or a file's path";
  return {.placeholder = "TARGET",
          .expects = expects,
          .parse = [expects](std::string_view text) -> tl::expected<std::string, std::string> {
            const bool control =
                std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
            if (const auto receiver = net::parse_syslog_receiver(text); receiver && !control) {
              if (!*receiver) return Failed(receiver->error().detail);
              return std::string(text);
            }
            // "none" would become a file in the current directory.
            const bool word = text == "stderr" || text == "stdout";
            if (control || (!word && text.find('/') == std::string_view::npos))
              return Failed("expected " + expects + " with a '/', such as ./records.log");
            return std::string(text);
          },
          .print = same};
}

Codec<net::Endpoint> door_codec() {
  const std::string expects = "tcp:HOST:PORT or unix:/PATH";
  return {.placeholder = "ENDPOINT",
          .expects = expects,
          .parse = [expects](std::string_view text) -> tl::expected<net::Endpoint, std::string> {
            auto endpoint = net::parse_endpoint(text, net::EndpointUse::listen);
            if (!endpoint) return Failed(endpoint.error().detail);
            if (endpoint->transport == net::Transport::udp || endpoint->count() != 1)
              return Failed("expected " + expects);
            return *endpoint;
          },
          .print = [](const net::Endpoint& endpoint) { return endpoint.text(); }};
}

Codec<std::string> path_or_none_codec() {
  const std::string expects = "a file's path with a '/'";
  return with_word<std::string>({.placeholder = "FILE",
                                 .expects = expects,
                                 .parse = [expects](std::string_view text) -> tl::expected<std::string, std::string> {
                                   const bool control = std::any_of(
                                       text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
                                   if (control || text.find('/') == std::string_view::npos)
                                     return Failed("expected " + expects + ", such as ./token");
                                   return std::string(text);
                                 },
                                 .print = same},
                                std::string(kNoneWord), std::string());
}

}  // namespace lastbyte::config
