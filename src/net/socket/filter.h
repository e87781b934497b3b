// Filters of classic BPF on a socket (net/core/filter.c sk_attach_filter). They need no privilege.
#pragma once

#include <linux/filter.h>

#include <span>

namespace lastbyte::net {

/// The socket sees only what the program keeps of each packet. 0, or the errno.
int attach_filter(int fd, std::span<const sock_filter> program);
/// Takes it away; also where there is none. 0, or the errno.
int detach_filter(int fd);

}  // namespace lastbyte::net
