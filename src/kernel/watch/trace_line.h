// Parses lines of tracefs (trace_pipe) about TCP. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "kernel/reset/event.h"

namespace lastbyte::kernel {

/// The number of events that the kernel dropped.
struct LostEvents {
  std::uint64_t count = 0;
};

/// Returns monostate for a line that says nothing about the end of a connection. Times are of the clock `mono`. `kinds`
/// has a bit 1 << EventKind for each kind of event that the caller wants from changes of state.
std::variant<std::monostate, TcpEvent, LostEvents> read_trace_line(std::string_view line, std::uint32_t kinds);

}  // namespace lastbyte::kernel
