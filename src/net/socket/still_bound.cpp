#include "net/socket/still_bound.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/descriptor.h"
#include "net/socket/listen_options.h"
#include "net/socket/set_options.h"

namespace lastbyte::net {
namespace {

bool is_absence(int error) { return error == EADDRNOTAVAIL || error == ENODEV; }

}  // namespace

bool is_listening(int fd) {
  int listening = 0;
  socklen_t length = sizeof listening;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening != 0;
}

std::optional<unsigned> interface_of(int fd) {
  int number = 0;
  socklen_t length = sizeof number;
  if (::getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &number, &length) != 0) return std::nullopt;
  return static_cast<unsigned>(number);
}

unsigned interface_number(const std::string& name) { return ::if_nametoindex(name.c_str()); }

bool has_address(const Address& address, const ListenOptions& options) {
  const Descriptor probe(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) return true;
  Options set(probe.get());  // its error text is not used
  // Without it, bind() would take a port (net/ipv4/af_inet.c __inet_bind).
  set.integer("IP_BIND_ADDRESS_NO_PORT", IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  if (const auto done = set.result(); !done) return !is_absence(done.error().code);
  const auto done = set_options_to_find_address(probe.get(), Transport::tcp, address, options);
  if (!done) return !is_absence(done.error().code);
  const Address any_port = address.without_port();
  return ::bind(probe.get(), any_port.data(), any_port.size()) == 0 || !is_absence(errno);
}

}  // namespace lastbyte::net
