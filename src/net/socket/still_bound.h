// Whether a listening socket can still be reached where it was bound: interfaces and addresses come and go, and the
// socket stays open as if nothing had happened. (For the file of a UNIX socket: SocketFile::is_there().)
#pragma once

#include <optional>
#include <string>

#include "net/address/address.h"
#include "net/socket/options.h"

namespace lastbyte::net {

/// Whether a stream socket listens. `ss -K` and a shutdown(2) by another process that has the socket end that.
bool is_listening(int fd);

/// The number of the interface that a socket is bound to (SO_BINDTODEVICE); 0: none. nullopt: Linux before 5.1 does not
/// tell. The kernel binds a socket to the number of an interface, and one that is made anew has another number.
std::optional<unsigned> interface_of(int fd);

/// The number that a name has in the calling thread's network namespace; 0: no interface has it.
unsigned interface_number(const std::string& name);

/// Whether bind(2) would take the address with these options, whatever its port is used for. False only where the
/// kernel says that the address or its interface is not there (EADDRNOTAVAIL, ENODEV). An IPv6 address is not there
/// while duplicate address detection goes on. Looks at the calling thread's network namespace.
bool has_address(const Address& address, const ListenOptions& options);

}  // namespace lastbyte::net
