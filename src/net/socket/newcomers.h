// Taking leave of a listening socket without cutting anybody off (T15).
#pragma once

namespace lastbyte::net {

/// Turns new clients away from the listening socket; clients in its queue can still be accepted. TCP: the kernel drops
/// each SYN before TCP sees it. The client sends it again after a second, and then meets the next listener or is
/// refused. Handshakes under way complete. UNIX: connect(2) is refused from now on. Needs no privilege.
/// Returns the errno, 0 on success.
int turn_newcomers_away(int fd);

/// For a TCP socket on an address that another socket hears, too, but only after this one: from now on SYNs go to that
/// one, and none is lost; otherwise as turn_newcomers_away(). It cannot be taken back without a privilege. Returns the
/// errno, 0 on success; EPERM: the socket is bound to an interface, and undoing that takes CAP_NET_RAW.
int give_way(int fd);

/// Takes turn_newcomers_away() back, for a TCP socket, but for its TCP_DEFER_ACCEPT, which is gone.
int let_newcomers_in(int fd);

}  // namespace lastbyte::net
