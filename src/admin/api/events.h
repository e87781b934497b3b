// The stream of events: each reader receives events as fast as it reads, and the number of events that it missed. Only
// for the server's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "admin/http/message.h"
#include "admin/http/outlet.h"
#include "admin/terms/operations.h"

namespace lastbyte::admin {

class Events {
 public:
  /// `operations` must outlive this object.
  explicit Events(Operations& operations) : operations_(operations) {}

  /// Returns a response without an end, which streams all further events.
  Response follow(const Request& request);
  /// Sends the new events to all readers. Call it regularly.
  void deliver();

 private:
  struct Reader {
    std::shared_ptr<Outlet> outlet;
    std::optional<std::uint64_t> session = {};  ///< only its events
    bool server_sent = false;                   ///< format: text/event-stream, or else one line per event
    std::uint64_t missed = 0;
    int quiet = 0;  ///< number of deliveries since the last event
  };

  static bool give(Reader& reader, const std::string& event);
  void tell_missed(Reader& reader);

  Operations& operations_;
  std::vector<Reader> readers_;
  std::uint64_t dropped_ = 0;  ///< events dropped by the rings, at the last look
};

}  // namespace lastbyte::admin
