#include "config/settings/codec.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>

#include "config/settings/config.h"

namespace lastbyte::config {

namespace {

using Failed = tl::unexpected<std::string>;

/// A whole number at the front of `text`, and what follows it. nullopt: there is none, or it does not fit.
struct Leading {
  std::uint64_t number = 0;
  std::string_view rest;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool starts_with_digit(std::string_view text) { return !text.empty() && is_digit(text.front()); }

std::optional<Leading> leading_number(std::string_view text) {
  Leading leading;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), leading.number);
  if (error != std::errc()) return std::nullopt;
  leading.rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return leading;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array kTimeUnits{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000},
                                Unit{"d", 86'400'000}};
constexpr std::array kSizeUnits{Unit{"", 1}, Unit{"k", 1ULL << 10}, Unit{"M", 1ULL << 20}, Unit{"G", 1ULL << 30}};

template <std::size_t Count>
std::optional<std::uint64_t> factor_of(const std::array<Unit, Count>& units, std::string_view name) {
  const auto found = std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.name == name; });
  if (found == units.end()) return std::nullopt;
  return found->factor;
}

template <std::size_t Count>
std::string print_in(const std::array<Unit, Count>& units, std::uint64_t number, std::string_view unit_of_zero) {
  if (number == 0) return "0" + std::string(unit_of_zero);
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (number % unit.factor == 0) best = &unit;
  }
  return std::to_string(number / best->factor) + std::string(best->name);
}

constexpr std::string_view kDurationForm = "a duration such as 500ms, 5s, 2m, 1h or 1d";
constexpr std::string_view kSizeForm = "a size such as 4096, 64k, 4M or 1G";

std::string expected(std::string_view wrong, std::string_view what) {
  return std::string(wrong) + "; expected " + std::string(what);
}

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

tl::expected<Duration, std::string> parse_duration(std::string_view text) {
  if (!starts_with_digit(text)) return Failed(expected("not a duration", kDurationForm));
  const std::optional<Leading> leading = leading_number(text);
  if (!leading) return Failed(expected("too long", kDurationForm));
  if (leading->rest.empty()) return Failed(expected("has no unit", kDurationForm));
  if (leading->rest.front() == '.') return Failed(expected("not a whole number", kDurationForm));
  const std::optional<std::uint64_t> factor = factor_of(kTimeUnits, leading->rest);
  if (!factor) {
    return Failed("'" + std::string(leading->rest) + "' is not a unit of time; expected ms, s, m, h or d");
  }
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max());
  if (leading->number > most / *factor) return Failed(expected("too long", kDurationForm));
  return Duration(static_cast<Duration::rep>(leading->number * *factor));
}

std::string print_duration(Duration duration) {
  return print_in(kTimeUnits, static_cast<std::uint64_t>(duration.count()), "s");
}

tl::expected<std::uint64_t, std::string> parse_size(std::string_view text) {
  if (!starts_with_digit(text)) return Failed(expected("not a size", kSizeForm));
  const std::optional<Leading> leading = leading_number(text);
  if (!leading) return Failed(expected("too large", kSizeForm));
  std::string unit(leading->rest);
  if (unit == "K") unit = "k";
  const std::optional<std::uint64_t> factor = factor_of(kSizeUnits, unit);
  if (!factor) return Failed("'" + unit + "' is not a unit of size; expected " + std::string(kSizeForm));
  if (leading->number > std::numeric_limits<std::uint64_t>::max() / *factor) {
    return Failed(expected("too large", kSizeForm));
  }
  return leading->number * *factor;
}

std::string print_size(std::uint64_t bytes) { return print_in(kSizeUnits, bytes, ""); }

tl::expected<std::uint64_t, std::string> parse_count(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const std::string range = std::to_string(least) + " to " + std::to_string(most);
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return Failed(expected("not a whole number", range));
  }
  const std::optional<Leading> leading = leading_number(digits);
  if (negative || !leading || leading->number < least || leading->number > most) {
    return Failed(expected("out of range", range));
  }
  return leading->number;
}

std::string either(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i != 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

Codec<Duration> duration_codec(Duration least, Duration most) {
  const std::string expects = print_duration(least) + " to " + print_duration(most);
  return {.placeholder = "DURATION",
          .expects = expects,
          .parse = [=](std::string_view text) -> tl::expected<Duration, std::string> {
            auto duration = parse_duration(text);
            if (duration && (*duration < least || *duration > most)) return Failed(expected("out of range", expects));
            return duration;
          },
          .print = print_duration};
}

Codec<std::chrono::seconds> seconds_codec(std::chrono::seconds least, std::chrono::seconds most) {
  const Codec<Duration> inner = duration_codec(least, most);
  return {.placeholder = inner.placeholder,
          .expects = inner.expects + ", whole seconds",
          .parse = [inner](std::string_view text) -> tl::expected<std::chrono::seconds, std::string> {
            const auto duration = parse_duration(text);
            if (duration && duration->count() % 1000 != 0) {
              return Failed(expected("not a whole number of seconds", inner.expects));
            }
            return inner.parse(text).map(
                [](Duration checked) { return std::chrono::duration_cast<std::chrono::seconds>(checked); });
          },
          .print = [](const std::chrono::seconds& value) { return print_duration(value); }};
}

Codec<int> size_codec(int least, int most) {
  const std::string expects =
      print_size(static_cast<std::uint64_t>(least)) + " to " + print_size(static_cast<std::uint64_t>(most));
  return {.placeholder = "SIZE",
          .expects = expects,
          .parse = [=](std::string_view text) -> tl::expected<int, std::string> {
            const auto size = parse_size(text);
            if (!size) return Failed(size.error());
            if (*size < static_cast<std::uint64_t>(least) || *size > static_cast<std::uint64_t>(most)) {
              return Failed(expected("out of range", expects));
            }
            return static_cast<int>(*size);
          },
          .print = [](const int& value) { return print_size(static_cast<std::uint64_t>(value)); }};
}

Codec<bool> bool_codec() { return choice_codec<bool>("true|false", {{"true", true}, {"false", false}}); }

Codec<std::uint32_t> mark_codec() {
  const std::string expects = "0 to 4294967295, or 0x0 to 0xffffffff";
  return {.placeholder = "NUMBER",
          .expects = expects,
          .parse = [=](std::string_view text) -> tl::expected<std::uint32_t, std::string> {
            const bool hex = text.starts_with("0x");
            const std::string_view digits = text.substr(hex ? 2 : 0);
            std::uint32_t mark = 0;
            const auto [end, error] =
                std::from_chars(digits.data(), digits.data() + digits.size(), mark, hex ? 16 : 10);
            if (error == std::errc::result_out_of_range) return Failed(expected("out of range", expects));
            if (error != std::errc() || end != digits.data() + digits.size()) {
              return Failed(expected("not a whole number", expects));
            }
            return mark;
          },
          .print =
              [](const std::uint32_t& mark) {
                std::array<char, 8> digits{};
                const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), mark, 16);
                return "0x" + std::string(digits.data(), end);
              }};
}

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

Codec<std::uint32_t> file_mode_codec() {
  const std::string expects = "an octal mode such as 0660";
  return {.placeholder = "MODE",
          .expects = expects,
          .parse = [expects](std::string_view text) -> tl::expected<std::uint32_t, std::string> {
            std::uint32_t mode = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
            if (text.size() != 4 || text.front() != '0' || error != std::errc() || end != text.data() + text.size())
              return Failed("expected " + expects);
            return mode;
          },
          .print =
              [](const std::uint32_t& mode) {
                std::string digits = "0000";
                for (std::size_t at = 0; at < 3; ++at)
                  digits[3 - at] = static_cast<char>('0' + ((mode >> (3 * at)) & 7U));
                return digits;
              }};
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
            // "stdout" or "none" would be a file in whatever directory this is.
            const bool word = text == "stderr" || text == "off";
            if (control || (!word && text.find('/') == std::string_view::npos))
              return Failed("expected stderr, off, or a file's path with a '/', such as ./records.log");
            return std::string(text);
          },
          .print = same};
}

}  // namespace lastbyte::config
