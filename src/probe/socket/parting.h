// A probe's socket, and its end by FIN in both directions. On the thread that runs the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>

#include "base/descriptor.h"
#include "base/result.h"
#include "base/time.h"

namespace lastbyte::probe {

using Stream = boost::asio::posix::stream_descriptor;

/// Registers the socket with the io_context. An error means that the kernel has no room for it (epoll_ctl(2)).
Result<std::shared_ptr<Stream>> make_stream(boost::asio::io_context& io, Descriptor socket);

/// Sends a FIN, reads to the peer's FIN, and closes: in the background, for at most `patience`. A plain close() would
/// send a reset: at once if bytes are unread (net/ipv4/tcp.c __tcp_close), else in answer to later data.
void part(std::shared_ptr<Stream> stream, Duration patience);

}  // namespace lastbyte::probe
