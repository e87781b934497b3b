// UDP sockets: listening ones, and connected ones, one a session.
#pragma once

#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "net/address/source.h"
#include "net/socket/options.h"

namespace lastbyte::net {

class NamespaceThread;  // net/namespace/thread.h

/// One listening UDP socket per member of `count`, with all that is said of listen_tcp(): the kernel sends each
/// client's datagrams to one of them, by a hash of both addresses. Ready for DatagramInbox.
Result<std::vector<Descriptor>> listen_udp(const Address& address, const ListenOptions& options, int count);

/// Makes a UDP socket that was handed in from outside ready for DatagramInbox: it tells which address of ours a client
/// wrote to. `address`: the one it is bound to.
Result<void> prepare_datagram_listener(int fd, const Address& address);

/// A non-blocking UDP socket that is connected: it hears nobody but `to`, and is told of ICMP errors. `source`: none()
/// for the kernel's choice. Unlike TCP's, the port is chosen from one pool for all destinations (net/ipv4/udp.c
/// udp_lib_get_port), one pool for each source address where one is given. EADDRNOTAVAIL: that pool is used up, or no
/// interface has the source address; the error's detail tells which. `inside` as in connect_tcp().
Result<Descriptor> connect_udp(const Address& to, const Source& source, const ConnectOptions& options,
                               NamespaceThread* inside = nullptr);

/// As check_connect_tcp(), for connect_udp().
Result<void> check_connect_udp(const Address& to, const Source& source, const ConnectOptions& options,
                               NamespaceThread* inside);

/// For a connected socket on which much arrives: several datagrams may come as one (UDP_GRO). A system call that most
/// sessions are spared.
void prepare_for_many_datagrams(int fd);

/// From now on nothing arrives at a listening UDP socket; what lies in it can still be read, and datagrams still be
/// sent from its address and port. Other sockets on the port, of another process as well, get what would have come
/// here. False: it goes on hearing.
bool deafen(int fd);

/// Whether one sendmsg(2) may carry several datagrams (UDP_SEGMENT, Linux 4.18). Asked of the kernel once.
bool has_segmentation();

}  // namespace lastbyte::net
