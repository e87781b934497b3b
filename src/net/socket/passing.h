// Which ancillary messages come with the bytes of a UNIX socket: credentials, labels, and file descriptors (unix(7)).
#pragma once

namespace lastbyte::net {

/// For a listening socket that was made by somebody else: those whom it accepts get no credentials, pidfds and security
/// labels beside descriptors. Nobody reads them, pidfds would be left open, and they take the room of descriptors.
void refuse_ancillary(int fd);

/// Of a listening socket: whether those who connect from now on may pass descriptors (SO_PASSRIGHTS). Where they may
/// not, their sendmsg() fails with EPERM, and who has passed a socket with SO_LINGER or unread ones cannot make a read
/// or a close here wait. Before Linux 6.16 they always may.
void let_descriptors_pass(int fd, bool allowed);

}  // namespace lastbyte::net
