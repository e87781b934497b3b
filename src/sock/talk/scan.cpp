// -z: reports whether a port accepts a connection. It sends nothing, except the one empty datagram that UDP needs.
#include <fmt/format.h>
#include <poll.h>

#include <cerrno>

#include "sock/command/values.h"
#include "sock/socket/calls.h"
#include "sock/socket/endpoints.h"
#include "sock/talk/loops.h"

namespace lastbyte::sock {
namespace {

constexpr Duration kDefaultUdpWait{1000};

/// A closed UDP port answers with ICMP "port unreachable", which the socket reports as ECONNREFUSED. Silence means that
/// the port is open, or that something on the way drops datagrams.
Result<void> probe_datagram(const Run& run, const Endpoint& endpoint) {
  const int fd = endpoint.socket.get();
  const auto sent = send_datagram(fd, {}, {}, run.narrator);
  if (!sent.ok()) return failure("send to " + endpoint.peer.text(), sent.error);
  const auto deadline = Clock::now() + run.options.timeout.value_or(kDefaultUdpWait);
  if (wait_for(fd, POLLIN, deadline, run.stop) != Wake::ready) return {};
  const auto error = take_error(fd, run.narrator).error;
  if (error != 0) return failure("send to " + endpoint.peer.text(), error);
  return {};
}

Result<void> probe(const Run& run, std::uint16_t port) {
  const auto peers = find_hosts(run.options, port);
  if (!peers) return Failure(peers.error());
  auto connected = connect_to(run.options, *peers, run.narrator, run.stop);
  if (!connected) return Failure(connected.error());
  Result<void> result;
  if (run.options.transport == Transport::udp) result = probe_datagram(run, *connected);
  close_socket(connected->socket, run.narrator);
  return result;
}

Result<net::PortRange> ports_of(const Options& options) {
  if (is_numeric_port(options.service)) return parse_ports(options.service);
  const auto port = find_port(options.service, options.transport);
  if (!port) return Failure(port.error());
  return net::PortRange{*port, *port};
}

}  // namespace

int run_scan(const Run& run) {
  const auto ports = ports_of(run.options);
  if (!ports) return fail(run.narrator, ports.error());
  bool any = false;
  for (unsigned port = ports->first; port <= ports->last && !run.stop.raised(); ++port) {
    const auto result = probe(run, static_cast<std::uint16_t>(port));
    any = any || result.has_value();
    run.narrator.line(result ? fmt::format("{} port {}: open", run.options.host, port)
                             : fmt::format("{} port {}: {}", run.options.host, port, result.error().text()));
  }
  return any ? kExitOk : kExitFailed;
}

}  // namespace lastbyte::sock
