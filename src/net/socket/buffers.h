// The sizes of a socket's buffers: who chooses them.
#pragma once

namespace lastbyte::net {

/// Whether take_buffers_back() is possible: SO_BUF_LOCK, Linux 5.15. Asked of the kernel once.
bool can_take_buffers_back();

/// SO_SNDBUF, SO_RCVBUF or both are as on a fresh socket again: of the kernel's size, and TCP's to adapt, here and on
/// all connections that are accepted from now on. What a fresh socket has is asked in the calling thread's network
/// namespace. Needs no privilege; without CAP_NET_ADMIN a size stays below net.core.{w,r}mem_max, as one that is asked
/// for does. Returns the errno, 0 on success.
int take_buffers_back(int fd, bool send, bool receive);

}  // namespace lastbyte::net
