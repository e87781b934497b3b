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

/// The socket as one that the io_context waits for. An error: the kernel has no room for one more (epoll_ctl(2)).
Result<std::shared_ptr<Stream>> make_stream(boost::asio::io_context& io, Descriptor socket);

/// Sends a FIN, reads to the FIN of the peer, and closes: in the background, for `patience` at most. A socket that is
/// closed with unread bytes sends a reset (net/ipv4/tcp.c __tcp_close), and one that is closed at once answers what the
/// peer still sends with a reset.
void part(std::shared_ptr<Stream> stream, Duration patience);

}  // namespace lastbyte::probe
