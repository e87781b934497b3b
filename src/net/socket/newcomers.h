// Taking leave of a listening socket without cutting anybody off (T15).
#pragma once

namespace lastbyte::net {

/// From now on nobody new comes to the listening socket; whoever is in its queue can be accepted as before. TCP: a SYN
/// is lost before TCP sees it, so that its sender tries again in a second and then finds what listens there by then, or
/// is refused; handshakes under way come to their end. UNIX: connect(2) is refused, for good. Needs no privilege.
/// Returns the errno, 0 on success.
int turn_newcomers_away(int fd);

/// Takes that back, for a TCP socket, but for its TCP_DEFER_ACCEPT, which is gone.
int let_newcomers_in(int fd);

}  // namespace lastbyte::net
