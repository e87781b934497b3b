// A heartbeat connection: a Beat on a socket. On the thread that runs the io_context.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "probe/heartbeat/beat.h"

namespace lastbyte::heartbeat {

/// When it is destroyed, it calls no callback any more, sends a FIN and reads until the peer's FIN.
class Link {
 public:
  struct Callbacks {
    std::function<void(const Heard&)> on_heard;
    /// Called once, as the last callback. `silent`: the peer counts as dead after its time; false: the connection ended
    /// before that. It may destroy the Link.
    std::function<void(std::string why, bool silent)> on_end;
  };

  /// `stream` must be connected. The Link chooses the session's random number.
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

/// Returns a random number that is not 0.
std::uint64_t random_session();

}  // namespace lastbyte::heartbeat
