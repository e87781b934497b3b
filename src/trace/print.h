// One event as a line of text and as a JSON object. Pure.
#pragma once

#include <chrono>
#include <string>

#include "kernel/proc/counters.h"
#include "kernel/reset/event.h"
#include "trace/sessions.h"

namespace lastbyte::trace {

/// An event with the names that only the machine knows.
struct Named {
  kernel::TcpEvent event;
  std::chrono::system_clock::time_point wall;
  std::string network;                 ///< "host", "blue"; "-": unknown
  std::string unit;                    ///< of the owner: "nginx.service"; empty: none
  const EndedSide* session = nullptr;  ///< of a running lastbyte; null: none is known
  bool again = false;                  ///< it was told before, without its session
};

/// Without the line end.
std::string as_text(const Named& named);
std::string as_json(const Named& named);

/// Of the level `counters`.
std::string counted_as_text(const kernel::Counters& added);
std::string counted_as_json(const kernel::Counters& added);

/// "1.25 s", "300 ms", "2.5 h".
std::string short_time(std::chrono::nanoseconds time);

}  // namespace lastbyte::trace
