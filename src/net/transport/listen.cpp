#include "net/transport/listen.h"

#include <cerrno>

#include "net/datagram/socket.h"
#include "net/tcp/listen.h"

namespace lastbyte::net {

Result<std::vector<Descriptor>> listen_on(Transport transport, const Address& address, const ListenOptions& options,
                                          int count) {
  switch (transport) {
    case Transport::tcp: return listen_tcp(address, options, count);
    case Transport::udp: return listen_udp(address, options, count);
    case Transport::unix_stream: break;
  }
  return failure("listen on " + address.text(), EPROTONOSUPPORT);
}

}  // namespace lastbyte::net
