// A heartbeat connection in motion: a Beat on a socket. On the thread that runs the io_context.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "probe/heartbeat/beat.h"

namespace lastbyte::heartbeat {

/// Calls nobody once it is destroyed; then it sends a FIN and reads to that of the peer.
class Link {
 public:
  struct Callbacks {
    std::function<void(const Heard&)> on_heard;
    /// Once, and nothing after it. `silent`: the peer is dead by the rule of time; false: the connection ended before.
    /// It may destroy the Link.
    std::function<void(std::string why, bool silent)> on_end;
  };

  /// `stream` is connected. The session's random number is drawn here.
  Link(std::shared_ptr<boost::asio::posix::stream_descriptor> stream, Duration interval, Condition condition,
       Callbacks callbacks);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void tell(Condition condition);
  [[nodiscard]] Counts counts() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// A random number that is not 0.
std::uint64_t random_session();

}  // namespace lastbyte::heartbeat
