// Taking leave of a listening socket without cutting anybody off (T15).
#pragma once

namespace lastbyte::net {

/// From now on nobody new comes to the listening socket; whoever is in its queue can be accepted as before. TCP: a SYN
/// is lost before TCP sees it, so that its sender tries again in a second and then finds what listens there by then, or
/// is refused; handshakes under way come to their end. UNIX: connect(2) is refused, for good. Needs no privilege.
/// Returns the errno, 0 on success.
int turn_newcomers_away(int fd);

/// For a TCP socket on an address that another socket hears, too, but only after this one: from now on SYNs go to that
/// one, and none is lost; otherwise as turn_newcomers_away(). It cannot be taken back without a privilege. Returns the
/// errno, 0 on success; EPERM: the socket is bound to an interface, and undoing that takes CAP_NET_RAW.
int give_way(int fd);

/// Takes turn_newcomers_away() back, for a TCP socket, but for its TCP_DEFER_ACCEPT, which is gone.
int let_newcomers_in(int fd);

}  // namespace lastbyte::net
