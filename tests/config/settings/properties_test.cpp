// What holds for all values, configurations and files.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/amount.h"
#include "config/settings/config.h"
#include "config/values/names.h"
#include "config/values/numbers.h"
#include "tests/config/settings/any_group.h"

namespace lastbyte::config {
namespace {

using std::chrono::seconds;
namespace gen = rc::gen;

template <typename Value>
Value any(Value least, Value below) {
  return *gen::inRange<Value>(least, below);
}

template <typename Value>
std::optional<Value> maybe(Value least, Value below) {
  if (*gen::arbitrary<bool>()) return std::nullopt;
  return any<Value>(least, below);
}

Duration any_duration() { return Duration(any<Duration::rep>(1, 365LL * 86'400'000 + 1)); }
seconds any_seconds(seconds::rep most) { return seconds(any<seconds::rep>(1, most + 1)); }

std::string any_word(std::size_t longest) {
  const auto letter = gen::inRange<char>('!', '~' + 1);
  std::string word = *gen::nonEmpty(gen::container<std::string>(letter));
  return word.substr(0, longest);
}

// Structured bindings name every member: a new one does not compile until it is generated, and so tested, too.

// What has no effect on a socket of its kind is left at its default: printing leaves it out.

bool is_tcp(const net::Endpoint& end) { return end.transport == net::Transport::tcp; }
bool is_udp(const net::Endpoint& end) { return end.transport == net::Transport::udp; }

net::SocketOptions any_socket(const net::Endpoint& end) {
  net::SocketOptions options;
  auto& [nodelay, keepalive, user_timeout, send_buffer, receive_buffer, mark, interface] = options;
  auto& [enabled, idle, interval, count] = keepalive;
  send_buffer = maybe(1024, (1 << 29) + 1);
  if (end.is_unix()) return options;
  receive_buffer = maybe(1024, (1 << 29) + 1);
  if (*gen::arbitrary<bool>()) mark = *gen::arbitrary<std::uint32_t>();
  interface = *gen::element<std::string>("", "eth0", "lo", "br-1.2", "~");
  if (!is_tcp(end)) return options;
  nodelay = *gen::arbitrary<bool>();
  enabled = *gen::arbitrary<bool>();
  if (enabled) {
    idle = any_seconds(32767);
    interval = any_seconds(32767);
    count = any(1, 128);
  }
  if (*gen::arbitrary<bool>()) user_timeout = Duration(any<Duration::rep>(1, 24LL * 86'400'000 + 1));
  return options;
}

net::NamespaceName any_netns() {
  return *net::NamespaceName::parse(*gen::element<std::string>("none", "/proc/1/ns/net", "blue", "pid:1", "pidfd:3"));
}

net::RootName any_root() {
  return *net::RootName::parse(*gen::element<std::string>("none", "/var/lib/machines/blue", "pid:1", "pidfd:3"));
}

net::Networks any_networks() {
  std::vector<net::Cidr> networks;
  for (const auto* text : {"10.0.0.0/8", "2001:db8::/32", "::1", "0.0.0.0/0"}) {
    if (*gen::arbitrary<bool>()) networks.push_back(*net::Cidr::parse(text));
  }
  return net::Networks(networks);
}

net::ListenOptions any_client(const net::Endpoint& listen) {
  net::ListenOptions options;
  auto& [socket, backlog, defer_accept, fast_open, freebind, reuse_port, unix_file, takes_descriptors, netns, root] =
      options;
  (void)takes_descriptors;  // no setting
  auto& [mode, uid, gid] = unix_file;
  socket = any_socket(listen);
  if (!is_udp(listen)) backlog = any(1, (1 << 20) + 1);
  if (is_tcp(listen)) {
    if (*gen::arbitrary<bool>()) defer_accept = any_seconds(3600);
    fast_open = maybe(1, std::min(backlog, 65535) + 1);
  }
  if (!listen.is_unix()) {
    freebind = *gen::arbitrary<bool>();
    reuse_port = *gen::arbitrary<bool>();
  }
  if (listen.is_path()) {
    root = any_root();
    mode = maybe<std::uint32_t>(0, 01000);
    uid = maybe<std::uint32_t>(0, std::numeric_limits<std::uint32_t>::max());
    gid = maybe<std::uint32_t>(0, std::numeric_limits<std::uint32_t>::max());
  } else {
    netns = any_netns();
  }
  return options;
}

std::vector<net::Source> any_sources(bool one_worker) {
  std::vector<net::Source> sources;
  const int count = any(0, 4);
  for (int i = 0; i < count; ++i) {
    const std::string ip = *gen::element<std::string>("10.0.0.", "2001:db8::") + std::to_string(i + 1);
    const auto port = one_worker ? *gen::arbitrary<std::uint16_t>() : std::uint16_t{0};
    net::Source& source = sources.emplace_back(*net::Address::parse(ip, port));
    if (!source.is_fixed() && *gen::arbitrary<bool>()) {
      const auto first = any<std::uint16_t>(1, 65535);
      source.ports = net::PortRange{first, static_cast<std::uint16_t>(*gen::inRange<int>(first, 65536))};
    }
  }
  return sources;
}

net::ConnectOptions any_upstream(const net::Endpoint& listen, const net::Endpoint& connect, bool one_worker) {
  net::ConnectOptions options;
  auto& [socket, netns, root, transparent, fast_open, sources] = options;
  socket = any_socket(connect);
  connect.is_path() ? static_cast<void>(root = any_root()) : static_cast<void>(netns = any_netns());
  if (is_tcp(connect)) fast_open = *gen::arbitrary<bool>();
  if (connect.is_unix()) return options;
  if (!listen.is_unix()) {
    transparent = *gen::element(net::Transparent::off, net::Transparent::ip, net::Transparent::ip_and_port);
  }
  if (transparent == net::Transparent::off) sources = any_sources(one_worker);
  return options;
}

relay::Linger any_linger() {
  using termination::LingerMode;
  relay::Linger linger;
  auto& [mode, time, timeout] = linger;
  mode = *gen::element(LingerMode::off, LingerMode::on, LingerMode::always);
  if (mode != LingerMode::off) time = any_duration();
  if (mode == LingerMode::on) timeout = Duration(any<Duration::rep>(1, time.count() + 1));
  return linger;
}

/// The `index`th listener: its ports or its name are its own. At most three ports.
net::Endpoint any_listen(std::uint16_t index) {
  const std::string first = std::to_string(10 * index + 1);
  const std::string ports = *gen::element<std::string>(std::string(first), first + "-" + std::to_string(10 * index + 3),
                                                       std::to_string(10 * index + 5) + "," + first);
  const std::string host = *gen::element<std::string>("", "127.0.0.1", "[::1]", "a.example");
  const std::string text = *gen::element<std::string>("tcp:" + host + ":" + ports, "udp:" + host + ":" + ports,
                                                      "unix:/run/a b" + first, "unix:@name" + first);
  return *net::parse_endpoint(text, net::EndpointUse::listen);
}

/// Nobody's listener, for clients of `listen`.
net::Endpoint any_connect(const net::Endpoint& listen) {
  std::string ports = std::to_string(any<std::uint16_t>(1, 65535));
  if (listen.count() == 2 && *gen::arbitrary<bool>()) ports = "7,5";
  if (listen.count() == 3 && *gen::arbitrary<bool>()) ports = "5-7";
  const std::string udp = "udp:upstream.example:" + ports;
  const std::string text =
      *gen::element<std::string>("tcp:upstream.example:" + ports, std::string(udp), "unix:/up stream", "unix:@up");
  return *net::parse_endpoint(is_udp(listen) ? udp : text, net::EndpointUse::connect);
}

relay::Limits any_limits(const relay::Forwarding& forwarding) {
  relay::Limits limits;
  auto& [connect, idle, half_close, reset_flush, header, first_byte, datagram_idle] = limits;
  connect = any_duration();
  if (!is_udp(forwarding.listen)) {
    for (Duration* limit : {&idle, &half_close, &reset_flush}) *limit = any_duration();
  }
  if (forwarding.proxy_header != relay::ProxyHeader::off) header = any_duration();
  if (forwarding.connect_on == relay::ConnectOn::data) first_byte = any_duration();
  if (is_udp(forwarding.connect)) datagram_idle = any_duration();
  return limits;
}

/// The `index`th forwarding of a valid Config; it may use the group of the same index.
relay::Forwarding any_forwarding(std::uint16_t index, const net::Endpoint& at, const Config& config) {
  using net::proxy_protocol::Version;
  using relay::ProxyHeader;
  relay::Forwarding forwarding;
  auto& [name, listen, connect, group, names, retry, client, upstream, limits, linger, connect_on, early_fin, late_fin,
         time_wait, access, proxy_header, proxy_trusted, send_proxy, when_full, max_sessions, per_client] = forwarding;
  listen = at;
  connect = any_connect(listen);
  name = *gen::arbitrary<bool>() && !listen.is_path() ? listen.text() : any_word(100) + "#" + std::to_string(index);
  client = any_client(listen);
  if (is_udp(listen)) {
    when_full = *gen::element(relay::WhenFull::refuse, relay::WhenFull::oldest);
  } else {
    linger = any_linger();
    connect_on = *gen::element(relay::ConnectOn::accept, relay::ConnectOn::data);
    early_fin = *gen::element(relay::EarlyFin::keep, relay::EarlyFin::abort);
    late_fin = *gen::element(relay::LateFin::keep, relay::LateFin::abort);
    proxy_header = *gen::element(ProxyHeader::off, ProxyHeader::optional, ProxyHeader::required);
    if (is_tcp(listen) && proxy_header != ProxyHeader::off) proxy_trusted = any_networks();
  }
  if (config.groups.size() > index && *gen::arbitrary<bool>()) {
    group = config.groups[index].name;
    connect = {.transport = config.groups[index].members.front().endpoint.transport};
  } else if (connect.host == "upstream.example") {
    names = any_names();
  }
  upstream = any_upstream(listen, connect, config.workers == 1);
  if (!is_udp(listen) && !is_udp(connect)) retry = any_retry();
  if (!is_udp(connect)) {
    send_proxy = *gen::element<std::optional<Version>>(std::nullopt, Version::v1, Version::v2);
  }
  limits = any_limits(forwarding);
  auto& [allow, deny] = access;
  if (!listen.is_unix() || proxy_header != ProxyHeader::off) allow = any_networks();
  deny = any_networks();
  const std::uint32_t most = config.max_sessions.value_or(1'000'000);
  max_sessions = maybe<std::uint32_t>(1, most + 1);
  per_client = maybe<std::uint32_t>(1, max_sessions.value_or(most) + 1);
  return forwarding;
}

Doors any_doors() {
  Doors doors;
  auto& [metrics, admin, token_file, dashboard] = doors;
  const auto any_door = [] {
    const std::string text = *gen::element<std::string>("tcp:127.0.0.1:9100", "tcp::0", "unix:/run/a b", "unix:@door");
    return *net::parse_endpoint(text, net::EndpointUse::listen);
  };
  token_file = *gen::element<std::string>("/etc/last byte/token", "./none");
  if (*gen::arbitrary<bool>()) metrics = any_door();
  if (*gen::arbitrary<bool>()) dashboard = any_door();
  auto& [automatic, at] = admin;
  automatic = *gen::arbitrary<bool>();
  if (!automatic && *gen::arbitrary<bool>()) at = any_door();
  return doors;
}

Config any_config() {
  Config config;
  auto& [groups, forwardings, workers, io, trace, max_sessions, drain, bind_retry, shutdown_delay, log, doors, user,
         group] = config;
  workers = *gen::weightedOneOf<unsigned>({{1, gen::just(1U)}, {1, gen::inRange(0U, 1025U)}});
  io = *gen::element(Io::epoll, Io::io_uring, Io::automatic);
  trace = *gen::element(Trace::off, Trace::automatic, Trace::on);
  max_sessions = maybe<std::uint32_t>(1, 1'000'000);
  drain = *gen::arbitrary<bool>() ? Duration(0) : any_duration();
  bind_retry = *gen::arbitrary<bool>() ? Duration(0) : any_duration();
  shutdown_delay = *gen::arbitrary<bool>() ? Duration(0) : any_duration();
  doors = any_doors();
  auto& [format, target, messages, facility, app_name, level, sessions, sample, begin, every, ignore_empty] = log;
  messages = *gen::element<std::string>("stderr", "stdout", "syslog", "./messages");
  level = *gen::element(LogLevel::error, LogLevel::warning, LogLevel::info, LogLevel::debug);
  target = *gen::element<std::string>("stderr", "stdout", "off", "syslog", "syslog:udp:[::1]:514",
                                      "/var/log/last byte: #1.log", "~/", "/null", "é/", "'/\"", "- /a", "[/x]");
  format = *gen::element(LogFormat::text, LogFormat::json);
  if (target.starts_with("syslog") || messages == "syslog") {
    facility = *gen::element<std::uint8_t>(1, 3, 16, 23);
    app_name = *gen::element<std::string>("lastbyte", "a#b", "'");
  }
  if (target != "off") {
    sessions = *gen::element(LogSessions::all, LogSessions::failures, LogSessions::none);
    ignore_empty = sessions != LogSessions::none && *gen::arbitrary<bool>();
    begin = sessions == LogSessions::all && *gen::arbitrary<bool>();
    if (sessions == LogSessions::all && *gen::arbitrary<bool>()) every = Duration(1000) + any_duration();
    if (sessions == LogSessions::all) sample = *gen::inRange(0, 1'000'001) / 1e6;
  }
  user = *gen::element<std::string>("", "nobody", "65534");
  group = *gen::element<std::string>("", "nogroup", "true");
  const auto count = any<std::uint16_t>(1, 4);
  for (std::uint16_t i = 0; i < count; ++i) {
    const net::Endpoint listen = any_listen(i);
    if (groups.size() == i && *gen::arbitrary<bool>()) groups.push_back(any_group(i, listen));
    forwardings.push_back(any_forwarding(i, listen, config));
  }
  return config;
}

RC_GTEST_PROP(Property, a_printed_config_loads_as_the_same, ()) {
  const Config config = any_config();
  const std::string text = print_yaml(config);
  RC_LOG() << text;
  const Loaded loaded = load_yaml(text, "printed.yaml");
  for (const Problem& problem : loaded.problems) RC_LOG() << problem.text() << "\n";
  RC_ASSERT(loaded.config.has_value());
  RC_ASSERT(*loaded.config == config);
}

RC_GTEST_PROP(Property, a_printed_duration_reads_as_the_same, ()) {
  const Duration duration(*gen::inRange<Duration::rep>(0, std::numeric_limits<Duration::rep>::max()));
  RC_ASSERT(parse_duration(print_duration(duration)) == duration);
}

RC_GTEST_PROP(Property, a_duration_is_its_number_times_its_unit, ()) {
  const auto number = *gen::inRange<Duration::rep>(0, 1'000'000);
  using Unit = std::pair<std::string, Duration::rep>;
  const auto [unit, factor] =
      *gen::element(Unit("ms", 1), Unit("s", 1000), Unit("m", 60'000), Unit("h", 3'600'000), Unit("d", 86'400'000));
  RC_ASSERT(parse_duration(std::to_string(number) + unit) == Duration(number * factor));
}

RC_GTEST_PROP(Property, a_printed_size_reads_as_the_same, (std::uint64_t bytes)) {
  RC_ASSERT(parse_size(print_size(bytes)) == bytes);
}

RC_GTEST_PROP(Property, a_printed_source_reads_as_the_same, (std::uint32_t ip, std::uint16_t port)) {
  sockaddr_in kernel{};
  kernel.sin_family = AF_INET;
  kernel.sin_port = port;
  kernel.sin_addr.s_addr = ip;
  RC_PRE(ip != 0U);
  const net::Address address(kernel);
  const auto codec = source_codec();
  RC_ASSERT(codec.parse(codec.print(address)) == address);
}

/// Whatever the text is: either a config, or problems, each with its place.
void loads_or_tells(const std::string& text) {
  const Loaded loaded = load_yaml(text, "f.yaml");
  RC_ASSERT(loaded.config.has_value() == loaded.problems.empty());
  for (const Problem& problem : loaded.problems) {
    RC_ASSERT(problem.where.source == "f.yaml");
    RC_ASSERT(!problem.what.empty());
    RC_ASSERT(problem.text().find('\n') == std::string::npos);
  }
}

RC_GTEST_PROP(Property, any_bytes_are_told_and_never_crash, (const std::string& text)) { loads_or_tells(text); }

RC_GTEST_PROP(Property, any_yaml_words_are_told_and_never_crash, ()) {
  const auto word = gen::element<std::string>(
      "forwardings", "defaults", "listen", "connect", "client", "linger", "mode", "sources", "upstream", "keepalive",
      ":", ": ", "- ", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ",", "&a", "*a", "<<", "? ", "!!map", "!", "|", ">",
      "'", "\"", "#", "---\n", "...\n", "%YAML 1.2\n", "~", "tcp::80", "tcp:h:1", "tcp:[::1]:0", "5s", "0", "-1",
      std::string(1, '\0'), "\t", "\xff", "\xef\xbb\xbf", "\xfe\xff");
  std::string text;
  for (const std::string& each : *gen::container<std::vector<std::string>>(word)) text += each;
  loads_or_tells(text);
}

RC_GTEST_PROP(Property, a_damaged_file_is_told_and_never_crashes, ()) {
  std::string text = print_yaml(any_config());
  const int damages = any(1, 6);
  for (int i = 0; i < damages && !text.empty(); ++i) {
    const auto at = any<std::size_t>(0, text.size());
    switch (any(0, 3)) {
      case 0: text.erase(at, any<std::size_t>(1, 20)); break;
      case 1: text.insert(at, 1, *gen::arbitrary<char>()); break;
      default: text[at] = *gen::element(':', ' ', '\n', '[', '{', '-', '&', '*', '"', '9'); break;
    }
  }
  loads_or_tells(text);
}

TEST(Garbage, nested_deeply_is_told_and_never_crashes) {
  for (const std::string open : {"[", "{a: ", "- ", "? ", "!!seq [", "a:\n "}) {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += open;
    const Loaded loaded = load_yaml(text, "f.yaml");
    EXPECT_FALSE(loaded.config);
    EXPECT_FALSE(loaded.problems.empty());
  }
}

TEST(Garbage, that_contains_itself_is_told_and_never_crashes) {
  for (const std::string text :
       {"&a {defaults: *a}", "&a [*a]", "forwardings: &a [*a]", "forwardings: [&a {client: *a}]",
        "forwardings: [&a {upstream: &b {keepalive: *b, sources: &c [*c]}, linger: *a}]"}) {
    const Loaded loaded = load_yaml(text, "f.yaml");
    EXPECT_FALSE(loaded.config) << text;
    EXPECT_FALSE(loaded.problems.empty()) << text;
  }
}

}  // namespace
}  // namespace lastbyte::config
