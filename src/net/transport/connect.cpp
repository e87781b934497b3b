#include "net/transport/connect.h"

#include "net/datagram/socket.h"
#include "net/tcp/connect.h"
#include "net/unix/stream.h"

namespace lastbyte::net {
namespace {

Result<Connecting> connected(Result<Descriptor> socket) {
  if (!socket) return Failure(socket.error());
  return Connecting{std::move(*socket), true};
}

}  // namespace

Result<Connecting> start_connecting(Transport transport, const Address& to, const Source& source,
                                    const ConnectOptions& options, std::span<const std::byte> early,
                                    NamespaceThread* inside, HandshakeAck ack) {
  switch (transport) {
    case Transport::tcp: return connect_tcp(to, source, options, early, inside, ack);
    case Transport::udp: return connected(connect_udp(to, source, options, inside));
    case Transport::unix_stream: return connected(connect_unix(to, options.socket, inside));
  }
  return failure("connect " + to.text(), EPROTONOSUPPORT);
}

Result<void> check_connecting(Transport transport, const Address& to, const Source& source,
                              const ConnectOptions& options, NamespaceThread* inside) {
  switch (transport) {
    case Transport::tcp: return check_connect_tcp(to, source, options, inside);
    case Transport::udp: return check_connect_udp(to, source, options, inside);
    case Transport::unix_stream: return {};
  }
  return failure("connect " + to.text(), EPROTONOSUPPORT);
}

}  // namespace lastbyte::net
