#include "net/socket/port_group.h"

#include <sys/socket.h>

#include "net/socket/calls.h"
#include "net/socket/set_options.h"

namespace lastbyte::net {

Result<std::vector<Descriptor>> make_port_group(
    const Address& address, bool shared, int count,
    const std::function<Result<Descriptor>(const Address&, PortSharing)>& make) {
  std::vector<Descriptor> sockets;
  auto first = make(address, shared ? PortSharing::now : PortSharing::none);
  if (!first) return Failure(first.error());
  Address bound = address;
  if (address.port() == 0) bound.set_port(local_address(first->get()).port());
  if (count > 1 && !set_integer(first->get(), SOL_SOCKET, SO_REUSEPORT, 1))
    return failure_from_errno("set SO_REUSEPORT for " + bound.text());
  sockets.push_back(std::move(*first));
  for (int made = 1; made < count; ++made) {
    auto next = make(bound, PortSharing::now);
    if (!next) return Failure(next.error());
    sockets.push_back(std::move(*next));
  }
  return sockets;
}

}  // namespace lastbyte::net
