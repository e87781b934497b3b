#include "net/socket/port_group.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "net/socket/calls.h"
#include "net/socket/listen_options.h"
#include "net/socket/set_options.h"

namespace lastbyte::net {
namespace {

/// A process that shares the port binds without SO_REUSEPORT and sets it a moment later. Processes that start in that
/// moment retry.
constexpr int kTriesToJoin = 8;

class PortGroup {
 public:
  PortGroup(Transport transport, const ListenOptions& options, const std::function<Result<void>(int fd)>& prepare)
      : transport_(transport), options_(options), prepare_(prepare) {}

  Result<Descriptor> first(const Address& address) const {
    auto made = bind(address, false);
    for (int tries = 0; options_.reuse_port && !made && made.error().code == EADDRINUSE && tries < kTriesToJoin;
         ++tries) {
      made = bind(address, true);
      if (!made) made = bind(address, false);
    }
    return made;
  }

  Result<Descriptor> bind(const Address& address, bool shared) const {
    const bool is_tcp = transport_ == Transport::tcp;
    const int type = is_tcp ? SOCK_STREAM : SOCK_DGRAM;
    Descriptor socket(::socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return failure_from_errno("make a socket for " + name_of(transport_, address));
    Options set(socket.get(), scheme_of(transport_), address);
    // Without it, an earlier run's sessions in TIME_WAIT would hold the port for a minute.
    if (is_tcp) set.integer("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1);
    if (address.family() == AF_INET6) set.integer("IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (shared) set.integer("SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 1);
    if (auto done = set.result(); !done) return Failure(done.error());
    if (auto done = set_listen_options(socket.get(), transport_, address, options_); !done)
      return Failure(done.error());
    if (prepare_)
      if (auto done = prepare_(socket.get()); !done) return Failure(done.error());
    const bool listens = ::bind(socket.get(), address.data(), address.size()) == 0 &&
                         (!is_tcp || ::listen(socket.get(), options_.backlog) == 0);
    if (listens) return socket;
    const int code = errno;
    return failure("listen on " + name_of(transport_, address), code, bind_advice(code, address));
  }

 private:
  Transport transport_;
  const ListenOptions& options_;
  const std::function<Result<void>(int fd)>& prepare_;
};

}  // namespace

Result<std::vector<Descriptor>> make_port_group(Transport transport, const Address& address,
                                                const ListenOptions& options, int count,
                                                const std::function<Result<void>(int fd)>& prepare) {
  const PortGroup group(transport, options, prepare);
  std::vector<Descriptor> sockets;
  auto first = group.first(address);
  if (!first) return Failure(first.error());
  Address bound = address;
  if (address.port() == 0) bound.set_port(local_address(first->get()).port());
  if ((count > 1 || options.reuse_port) && !share_port(first->get(), true))
    return failure_from_errno("set SO_REUSEPORT for " + bound.text());
  sockets.push_back(std::move(*first));
  for (int made = 1; made < count; ++made) {
    auto next = group.bind(bound, true);
    if (!next) return Failure(next.error());
    sockets.push_back(std::move(*next));
  }
  return sockets;
}

}  // namespace lastbyte::net
