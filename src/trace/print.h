// Prints one event as a line of text or as a JSON object. Pure.
#pragma once

#include <chrono>
#include <string>

#include "kernel/proc/counters.h"
#include "kernel/reset/event.h"
#include "trace/sessions.h"

namespace lastbyte::trace {

/// An event with names that only this machine can resolve.
struct Named {
  kernel::TcpEvent event;
  std::chrono::system_clock::time_point wall;
  std::string network;                 ///< "host", "blue"; "-": unknown
  std::string unit;                    ///< the owner's systemd unit: "nginx.service"; empty: none
  const EndedSide* session = nullptr;  ///< the session's side in a running lastbyte; null: unknown
  bool again = false;                  ///< the event was printed before, without its session
};

/// Both return a line without its line end.
std::string as_text(const Named& named);
std::string as_json(const Named& named);

/// Both are for the level `counters`.
std::string counted_as_text(const kernel::Counters& added);
std::string counted_as_json(const kernel::Counters& added);

/// "1.25 s", "300 ms", "2.5 h".
std::string short_time(std::chrono::nanoseconds time);

}  // namespace lastbyte::trace
