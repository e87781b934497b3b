// Classic BPF filters on a socket (net/core/filter.c sk_attach_filter). They need no privilege.
#pragma once

#include <linux/filter.h>

#include <span>

namespace lastbyte::net {

/// Attaches a program: the socket sees only what it keeps of each packet. Returns 0 or the errno.
int attach_filter(int fd, std::span<const sock_filter> program);
/// Detaches the filter, if there is one. Returns 0 or the errno.
int detach_filter(int fd);

}  // namespace lastbyte::net
