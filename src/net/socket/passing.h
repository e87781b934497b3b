// Which ancillary messages come with the bytes of a UNIX socket: credentials, labels, and file descriptors (unix(7)).
#pragma once

namespace lastbyte::net {

/// For a listening socket that another process made: its accepted sockets receive no credentials, pidfds and security
/// labels beside descriptors. lastbyte does not read them, pidfds would stay open, and they use room for descriptors.
void refuse_ancillary(int fd);

/// Sets whether clients that connect from now on to the listening socket may pass descriptors (SO_PASSRIGHTS). If not,
/// their sendmsg() fails with EPERM, and no passed socket with SO_LINGER or unread descriptors can make a read
/// or a close here wait. Before Linux 6.16 the kernel always allows them.
void let_descriptors_pass(int fd, bool allowed);

}  // namespace lastbyte::net
