// Whether a listening socket can still be reached at its address. Interfaces and addresses come and go, while the
// socket stays open. (For the file of a UNIX socket see SocketFile::is_there().)
#pragma once

#include <optional>
#include <string>

#include "net/address/address.h"
#include "net/socket/options.h"

namespace lastbyte::net {

/// Whether a stream socket listens. It stops after `ss -K`, or a shutdown(2) by another process that has the socket.
bool is_listening(int fd);

/// The index of the interface that a socket is bound to (SO_BINDTODEVICE); 0: none. nullopt: Linux before 5.1 does not
/// tell. The kernel binds a socket to an interface's index, and an interface that is created again has another index.
std::optional<unsigned> interface_of(int fd);

/// The index of an interface in the calling thread's network namespace; 0: there is no interface of that name.
unsigned interface_number(const std::string& name);

/// Whether bind(2) would accept the address with these options, whatever its port is used for. False only if the kernel
/// reports that the address or its interface is missing (EADDRNOTAVAIL, ENODEV). An IPv6 address is missing during
/// duplicate address detection. Applies to the calling thread's network namespace.
bool has_address(const Address& address, const ListenOptions& options);

}  // namespace lastbyte::net
