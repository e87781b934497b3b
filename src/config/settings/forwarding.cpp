// Settings of a forwarding as a whole: its endpoints, limits and lingering close.
#include <chrono>
#include <cstdint>
#include <limits>

#include "config/settings/table.h"
#include "config/values/names.h"
#include "config/values/numbers.h"

namespace lastbyte::config {

namespace {

using relay::ConnectOn;
using relay::EarlyFin;
using relay::Forwarding;
using relay::LateFin;
using relay::ProxyHeader;
using relay::WhenFull;
using std::chrono::milliseconds;
using termination::LingerMode;

void add_ends(Table& table) {
  const Heading heading = Heading::forwarding;
  // The limit is longer than any endpoint, because the endpoint is the default.
  Setting& name = table.add<Forwarding>(
      heading, "name", word_codec("NAME", "a name", 300), [](auto& f) -> auto& { return f.name; },
      "The forwarding's name in session records. Names are unique.");
  name.standard = "the listening endpoint";
  name.in_defaults = false;
  Setting& listen = table.add<Forwarding>(
      heading, "listen", listen_codec(), [](auto& f) -> auto& { return f.listen; },
      "The endpoint that clients connect to. An empty host listens on all addresses of IPv4 and IPv6, 0.0.0.0 on IPv4 "
      "only, [::] on IPv6 only. With port 0 the kernel chooses the port. Ports may be a list with ranges: "
      "80,8000-8010.");
  listen.required = true;
  listen.in_defaults = false;
  Setting& connect = table.add_computed<Forwarding>(
      heading, "connect", connect_codec(), [](const Forwarding& f) { return UpstreamName{f.connect, f.group}; },
      [](Forwarding& f, UpstreamName value) {
        f.connect = std::move(value.endpoint);
        f.group = std::move(value.group);
      },
      "The upstream: the endpoint that sessions are forwarded to, or group:NAME for a group of groups. Give one port "
      "for all listening ports, or as many ports as listen has, in the same order.");
  connect.required = true;
  table.add<Forwarding>(
      heading, "connect-on",
      choice_codec<ConnectOn>("accept|data", {{"accept", ConnectOn::accept}, {"data", ConnectOn::data}}),
      [](auto& f) -> auto& { return f.connect_on; },
      "When to connect to the upstream: as soon as lastbyte has accepted the client, or at the client's first byte of "
      "data (after its PROXY header). A client that ends without a byte is then closed, and the upstream never hears "
      "of it. Do not use data where the upstream speaks first (SMTP, FTP, SSH, MySQL).");
  table.listening(kStream);
  table.add<Forwarding>(
      heading, "early-fin",
      choice_codec<EarlyFin>("keep|abort", {{"keep", EarlyFin::keep}, {"abort", EarlyFin::abort}}),
      [](auto& f) -> auto& { return f.early_fin; },
      "How to treat a client's FIN that arrives before the upstream is connected: keep passes it on after connecting, "
      "abort ends the session.");
  table.listening(kStream);
  table.add<Forwarding>(
      heading, "late-fin", choice_codec<LateFin>("keep|abort", {{"keep", LateFin::keep}, {"abort", LateFin::abort}}),
      [](auto& f) -> auto& { return f.late_fin; },
      "How to treat a client's FIN that arrives while the upstream may still answer: keep passes it on, and the answer "
      "still reaches the client. abort takes the client for gone: lastbyte resets it, delivers what it had sent, and "
      "then "
      "resets the upstream. Use abort only if no client half-closes.");
  table.listening(kStream);
  const auto sessions = or_none(count_codec<std::uint32_t>(1, kMostCount));
  Setting& listener = table.add<Forwarding>(
      heading, "max-sessions", sessions, [](auto& f) -> auto& { return f.max_sessions; },
      "Maximum number of concurrent sessions on this listener; further clients wait in the backlog.");
  listener.flag = "max-sessions-per-listener";
  table.add<Forwarding>(
      heading, "max-sessions-per-client", sessions, [](auto& f) -> auto& { return f.max_sessions_per_client; },
      "Maximum number of concurrent sessions from one client address on this listener; further connections are reset.");
  table.add<Forwarding>(
      heading, "when-full",
      choice_codec<WhenFull>("refuse|oldest", {{"refuse", WhenFull::refuse}, {"oldest", WhenFull::oldest}}),
      [](auto& f) -> auto& { return f.when_full; },
      "How a udp listener that has max-sessions sessions treats a datagram of a new client: refuse drops the datagram, "
      "oldest ends the session that has been silent the longest.");
  table.listening(kUdp);
}

void add_limits(Table& table) {
  const Heading heading = Heading::limits;
  const Codec<Duration> codec = duration_codec(milliseconds(1), kLongest);
  table.add<Forwarding>(
      heading, "limits.connect", codec, [](auto& f) -> auto& { return f.limits.connect; },
      "Time limit for connecting to the upstream, over all attempts.");
  table.add<Forwarding>(
      heading, "limits.idle", codec, [](auto& f) -> auto& { return f.limits.idle; },
      "Time limit without a byte in either direction while both directions are open.");
  table.listening(kStream);
  table.add<Forwarding>(
      heading, "limits.half-close", codec, [](auto& f) -> auto& { return f.limits.half_close; },
      "Time limit without a byte after one direction has ended.");
  table.listening(kStream);
  table.add<Forwarding>(
      heading, "limits.reset-flush", codec, [](auto& f) -> auto& { return f.limits.reset_flush; },
      "Time limit for the peer to acknowledge the bytes that precede a reset, before lastbyte passes the reset on.");
  table.listening(kStream);
  needs<Forwarding>(table.add<Forwarding>(
                        heading, "limits.proxy-header", codec, [](auto& f) -> auto& { return f.limits.proxy_header; },
                        "Time limit for a client's PROXY header to arrive."),
                    "client.proxy-protocol", [](const Forwarding& f) { return f.proxy_header != ProxyHeader::off; });
  needs<Forwarding>(table.add<Forwarding>(
                        heading, "limits.first-byte", codec, [](auto& f) -> auto& { return f.limits.first_byte; },
                        "Time limit for a client's first byte, after its PROXY header if it sends one."),
                    "connect-on", [](const Forwarding& f) { return f.connect_on == ConnectOn::data; });
  table.add<Forwarding>(
      heading, "limits.datagram-idle", codec, [](auto& f) -> auto& { return f.limits.datagram_idle; },
      "Time limit without a datagram in a udp session. For a tcp or unix client of a udp upstream, the upstream's data "
      "ends when the upstream has been silent for this time after the client's FIN.");
  table.connecting(kUdp);
}

void add_linger(Table& table) {
  const Heading heading = Heading::linger;
  const Codec<Duration> codec = duration_codec(milliseconds(1), kLongest);
  table.add<Forwarding>(
      heading, "linger.mode",
      choice_codec<LingerMode>("off|on|always",
                               {{"off", LingerMode::off}, {"on", LingerMode::on}, {"always", LingerMode::always}}),
      [](auto& f) -> auto& { return f.linger.mode; },
      "Lingering close: before lastbyte closes a socket whose peer may still be sending, it reads and discards data "
      "for a while, so that the peer is not reset. off closes at once, on stops when the peer is quiet for "
      "linger.timeout, always waits for the whole linger.time.");
  table.listening(kStream);
  needs<Forwarding>(table.add<Forwarding>(
                        heading, "linger.time", codec, [](auto& f) -> auto& { return f.linger.time; },
                        "Time limit for the whole lingering close."),
                    "linger.mode", [](const Forwarding& f) { return f.linger.mode != LingerMode::off; });
  table.listening(kStream);
  needs<Forwarding>(table.add<Forwarding>(
                        heading, "linger.timeout", codec, [](auto& f) -> auto& { return f.linger.timeout; },
                        "Lingering ends after this idle time."),
                    "linger.mode", [](const Forwarding& f) { return f.linger.mode == LingerMode::on; });
  table.listening(kStream);
}

}  // namespace

void add_forwarding(Table& table) {
  add_ends(table);
  add_limits(table);
  add_linger(table);
}

}  // namespace lastbyte::config
