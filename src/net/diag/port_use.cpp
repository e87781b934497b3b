#include "net/diag/port_use.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>

#include "base/descriptor.h"
#include "net/diag/sockets.h"

namespace lastbyte::net {

Result<PortUse> ports_in_use(const Address& to, std::span<const Source> sources) {
  PortUse use;
  const diag::Filter filter{
      .family = to.family(), .states = diag::kHoldingAPort, .to = to, .from = {sources.begin(), sources.end()}};
  const auto counted = diag::for_each_socket(filter, [&](const diag::Socket& socket) {
    ++use.sockets;
    if (socket.state == diag::State::time_wait) ++use.time_wait;
  });
  if (!counted) return failure("count the sockets towards " + to.text(), counted.error().code, counted.error().detail);
  return use;
}

Result<PortRange> local_port_range() {
  constexpr auto kPath = "/proc/sys/net/ipv4/ip_local_port_range";
  std::ifstream file(kPath);
  PortRange range;
  if (!(file >> range.first >> range.last) || range.last < range.first)
    return failure(std::string("read ") + kPath, file.is_open() ? 0 : ENOENT, "the file does not exist here");
  return range;
}

bool may_meet_itself(const Address& to, std::span<const Source> sources) {
  if (to.is_unix()) return false;
  Address any_port = to;
  any_port.set_port(0);
  const Descriptor probe(::socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (probe && ::bind(probe.get(), any_port.data(), any_port.size()) != 0 && errno == EADDRNOTAVAIL) return false;
  if (std::ranges::any_of(sources, [&](const Source& source) { return source.address.port() == to.port(); }))
    return true;
  const auto range = local_port_range();
  return !range || (range->first <= to.port() && to.port() <= range->last);
}

}  // namespace lastbyte::net
