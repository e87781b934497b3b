#include "proxy/upstreams.h"

#include <algorithm>
#include <cerrno>

#include "net/connecting.h"
#include "net/unix_stream.h"

namespace lastbyte::proxy {
namespace {

/// Tunnels and addresses come and go, and may come later than we do at boot.
bool may_pass(int error) { return error == EADDRNOTAVAIL || error == ENODEV; }

Error told(const relay::Forwarding& forwarding, Error error) {
  error.operation = "forwarding '" + forwarding.name + "': " + error.operation;
  if (error.code == ENODEV) error.detail = "no interface has this name now; sessions fail until one has";
  if (error.code == EADDRNOTAVAIL) error.detail += "; sessions from this source fail until that changes";
  if (error.code == EPERM)
    error.detail += "; start as root, or give it to the service (AmbientCapabilities= in the systemd unit)";
  return error;
}

/// The kernel's own choice where none is given.
std::vector<net::Address> sources_towards(const net::ConnectOptions& options, int family) {
  std::vector<net::Address> sources;
  std::ranges::copy_if(options.sources, std::back_inserter(sources),
                       [&](const net::Address& source) { return source.family() == family; });
  if (sources.empty()) sources.emplace_back();
  return sources;
}

bool asks_for_anything(const net::ConnectOptions& options) {
  return options.socket.mark || !options.socket.interface.empty() || !options.sources.empty() ||
         options.transparent != net::Transparent::off;
}

/// Nobody need be there yet. A socket of SOCK_SEQPACKET is not told from one of streams without a connection.
Result<void> check_unix(const Upstream& upstream) {
  const net::Address& to = upstream.addresses.front();
  const bool datagrams = upstream.root ? net::RootThread::takes_datagrams(upstream.root, to).value_or(false)
                                       : net::probe_unix(to, upstream.inside.get()) == 0;
  if (!datagrams) return {};
  return failure("forwarding '" + upstream.forwarding->name + "': connect " + to.text(), EPROTOTYPE,
                 "it is a datagram socket; expected a stream socket: datagrams are forwarded from udp to udp only");
}

}  // namespace

Result<std::vector<Error>> check_upstreams(const std::vector<Upstream>& upstreams) {
  std::vector<Error> troubles;
  for (const Upstream& upstream : upstreams) {
    const net::ConnectOptions& options = upstream.forwarding->upstream;
    if (upstream.forwarding->connect.is_unix()) {
      if (auto may = check_unix(upstream); !may) return Failure(std::move(may.error()));
      continue;
    }
    if (!asks_for_anything(options)) continue;
    std::vector<int> families;
    for (const net::Address& to : upstream.addresses) {
      if (std::ranges::find(families, to.family()) != families.end()) continue;
      families.push_back(to.family());
      for (const net::Address& source : sources_towards(options, to.family())) {
        auto may =
            net::check_connecting(upstream.forwarding->connect.transport, to, source, options, upstream.inside.get());
        if (may) continue;
        Error error = told(*upstream.forwarding, std::move(may.error()));
        if (!may_pass(error.code)) return Failure(std::move(error));
        troubles.push_back(std::move(error));
      }
    }
  }
  return troubles;
}

}  // namespace lastbyte::proxy
