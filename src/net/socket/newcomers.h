// Retires a listening socket without cutting off any client (T15).
#pragma once

namespace lastbyte::net {

/// Turns new clients away from the listening socket; clients in its queue can still be accepted. TCP: the kernel drops
/// each SYN before TCP sees it; the client retransmits it after a second, and then reaches the next listener or is
/// refused. Handshakes under way complete. UNIX: connect(2) is refused from now on. Needs no privilege. Returns the
/// errno, 0 on success.
int turn_newcomers_away(int fd);

/// Yields to another TCP socket on the same address that is second in line: from now on SYNs go to that socket, and
/// none is lost. Otherwise as turn_newcomers_away(). Undoing it needs a privilege. Returns the errno, 0 on success;
/// EPERM: the socket is bound to an interface, and rebinding needs CAP_NET_RAW.
int give_way(int fd);

/// Undoes turn_newcomers_away() for a TCP socket, except for TCP_DEFER_ACCEPT, which stays off.
int let_newcomers_in(int fd);

}  // namespace lastbyte::net
