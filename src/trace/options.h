// trace: `lastbyte trace` prints every reset of the host as it happens. This file: its command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/options/flags.h"
#include "base/result.h"
#include "kernel/watch/source.h"
#include "net/address/cidr.h"
#include "net/address/ports.h"
#include "net/names/namespace.h"

namespace lastbyte::trace {

enum class Direction : std::uint8_t { both, sent, received };

/// The events to print. An empty list allows all events. An event must match every list, and any one entry in each.
struct Filter {
  std::vector<net::Cidr> networks;        ///< match the local or the remote address
  std::vector<net::PortRange> ports;      ///< match the local or the remote port
  std::vector<std::uint32_t> pids;        ///< match the owner or the caller
  std::vector<std::string> reasons;       ///< match the reason of a sent reset
  Direction direction = Direction::both;  ///< only for resets
};

struct Options {
  Filter filter;
  std::vector<net::NamespaceName> namespaces;  ///< at most one
  std::vector<std::string> sockets;            ///< sockets of instances, besides those found
  std::uint32_t kinds = 3;                     ///< bits 1 << kernel::EventKind
  bool json = false;
  bool summary = false;
  std::optional<kernel::Level> level;
  std::optional<std::uint64_t> events;  ///< end after this many events
  std::optional<std::chrono::milliseconds> duration;
  std::uint32_t rate = 1'000;  ///< lines a second at most; 0: no limit
  std::uint32_t ring_bytes = 1U << 20U;
};

using Flag = lastbyte::Flag<Options>;
std::span<const Flag> flags();

/// The text of an error names the flag and what it expects.
Result<Options> parse(GivenFlags given);

}  // namespace lastbyte::trace
