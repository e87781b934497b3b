// A socket whose host seems to be gone.
#pragma once

namespace lastbyte::net {

/// While it is set, every segment that arrives for the TCP socket is lost before TCP sees it (SO_ATTACH_FILTER with a
/// program that keeps nothing): a listening one swallows SYNs, a connected one never answers. Needs no privilege.
/// 0, or the errno.
int set_deaf(int fd, bool deaf);

}  // namespace lastbyte::net
