// A socket whose host seems to be gone.
#pragma once

namespace lastbyte::check {

/// While it is set, every segment that arrives for the TCP socket is lost before TCP sees it (SO_ATTACH_FILTER with a
/// program that keeps nothing): a listening one swallows SYNs, a connected one never answers. Needs no privilege.
/// False: errno says why.
bool set_deaf(int fd, bool deaf);

}  // namespace lastbyte::check
