// The end of a probe's connection, by FIN in both directions. On the thread that runs the stream's io_context.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>

#include "base/time.h"

namespace lastbyte::probe {

using Stream = boost::asio::posix::stream_descriptor;

/// Sends a FIN, reads to the FIN of the peer, and closes: in the background, for `patience` at most. A socket that is
/// closed with unread bytes sends a reset (net/ipv4/tcp.c __tcp_close), and one that is closed at once answers what the
/// peer still sends with a reset.
void part(std::shared_ptr<Stream> stream, Duration patience);

}  // namespace lastbyte::probe
