// Whether lastbyte or the kernel sizes a socket's buffers.
#pragma once

namespace lastbyte::net {

/// Whether take_buffers_back() is possible: SO_BUF_LOCK, Linux 5.15. The kernel is asked once.
bool can_take_buffers_back();

/// Resets SO_SNDBUF, SO_RCVBUF or both to a fresh socket's state: the kernel's size, which TCP adapts, on this socket
/// and on all connections accepted from now on. The reference is a fresh socket in the calling thread's network
/// namespace. Needs no privilege; without CAP_NET_ADMIN a size stays below net.core.{w,r}mem_max, like a requested one.
/// Returns the errno, 0 on success.
int take_buffers_back(int fd, bool send, bool receive);

}  // namespace lastbyte::net
