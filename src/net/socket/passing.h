// Selects the ancillary messages that arrive with the bytes of a UNIX socket: credentials, labels and file descriptors
// (unix(7)).
#pragma once

namespace lastbyte::net {

/// Turns off credentials, pidfds and security labels for sockets accepted from a listening socket that another process
/// made; descriptors still arrive. lastbyte does not read the others: pidfds would stay open, and all of them use room
/// for descriptors.
void refuse_ancillary(int fd);

/// Sets whether clients that connect from now on may pass descriptors (SO_PASSRIGHTS). If not, their sendmsg() fails
/// with EPERM. No passed socket with SO_LINGER or unread descriptors can then delay a read or a close here. Before
/// Linux 6.16 the kernel always allows descriptors.
void let_descriptors_pass(int fd, bool allowed);

}  // namespace lastbyte::net
