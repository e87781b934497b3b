// Lines of tracefs (trace_pipe) about TCP. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "kernel/reset/event.h"

namespace lastbyte::kernel {

/// So many events that the kernel dropped.
struct LostEvents {
  std::uint64_t count = 0;
};

/// monostate: a line that says nothing about the end of a connection. Times are those of the clock `mono`. `kinds`:
/// bits 1 << EventKind of what is wanted of a change of state.
std::variant<std::monostate, TcpEvent, LostEvents> read_trace_line(std::string_view line, std::uint32_t kinds);

}  // namespace lastbyte::kernel
