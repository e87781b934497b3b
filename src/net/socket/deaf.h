// Makes a socket look as if its host were gone.
#pragma once

namespace lastbyte::net {

/// While this is set, the kernel drops every segment for the TCP socket before TCP sees it (SO_ATTACH_FILTER with a
/// program that keeps nothing): a listening socket swallows SYNs, a connected one never answers. Needs no privilege.
/// Returns 0 or the errno.
int set_deaf(int fd, bool deaf);

}  // namespace lastbyte::net
