// UDP sockets: listening ones, and one connected socket per session.
#pragma once

#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "net/address/source.h"
#include "net/socket/options.h"

namespace lastbyte::net {

class NamespaceThread;  // net/namespace/thread.h

/// Makes `count` listening UDP sockets, under the rules of listen_tcp(). The kernel assigns each client to one of them,
/// by a hash of both addresses. The sockets are ready for DatagramInbox.
Result<std::vector<Descriptor>> listen_udp(const Address& address, const ListenOptions& options, int count);

/// Prepares a UDP socket passed in from outside for DatagramInbox: it then reports which of our addresses a client
/// wrote to. `address`: the address it is bound to.
Result<void> prepare_datagram_listener(int fd, const Address& address);

/// Makes a non-blocking connected UDP socket: it receives only from `to`, and reports ICMP errors. `source`: none() for
/// the kernel's choice. Unlike TCP's, the port comes from one pool for all destinations (net/ipv4/udp.c
/// udp_lib_get_port), or from one pool per source address if one is given. EADDRNOTAVAIL: that pool is used up, or no
/// interface has the source address; the error's detail says which. `inside` as in connect_tcp().
Result<Descriptor> connect_udp(const Address& to, const Source& source, const ConnectOptions& options,
                               NamespaceThread* inside = nullptr);

/// As check_connect_tcp(), for connect_udp().
Result<void> check_connect_udp(const Address& to, const Source& source, const ConnectOptions& options,
                               NamespaceThread* inside);

/// Enables UDP_GRO on a busy connected socket: one read may return several datagrams. Most sessions do without this
/// system call.
void prepare_for_many_datagrams(int fd);

/// Stops a listening UDP socket from receiving. Queued datagrams can still be read, and datagrams can still be sent
/// from its address and port. Other sockets on the port, including another process's, get what would have come here.
/// False: the socket still receives.
bool deafen(int fd);

/// Whether one sendmsg(2) may carry several datagrams (UDP_SEGMENT, Linux 4.18). The kernel is asked once.
bool has_segmentation();

}  // namespace lastbyte::net
