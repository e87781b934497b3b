// The stream of events: each reader gets all events as fast as it reads, and the number of those that it did not get.
// The server's thread alone.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "admin/http/message.h"
#include "admin/http/outlet.h"
#include "admin/terms/operations.h"

namespace lastbyte::admin {

class Events {
 public:
  /// `operations` outlives it.
  explicit Events(Operations& operations) : operations_(operations) {}

  /// A response that streams from now on.
  Response follow(const Request& request);
  /// Gives to all readers what has happened. To be called now and then.
  void deliver();

 private:
  struct Reader {
    std::shared_ptr<Outlet> outlet;
    bool server_sent = false;  ///< text/event-stream; otherwise a line each
    std::uint64_t missed = 0;
    int quiet = 0;  ///< deliveries without an event
  };

  static bool give(Reader& reader, const std::string& event);
  void tell_missed(Reader& reader);

  Operations& operations_;
  std::vector<Reader> readers_;
  std::uint64_t dropped_ = 0;  ///< by the rings, as last seen
};

}  // namespace lastbyte::admin
