#include "net/tcp/listen.h"

#include "net/socket/port_group.h"

namespace lastbyte::net {

Result<std::vector<Descriptor>> listen_tcp(const Address& address, const ListenOptions& options, int count) {
  return make_port_group(Transport::tcp, address, options, count);
}

}  // namespace lastbyte::net
