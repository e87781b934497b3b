// Which datagrams go together into one send. Pure.
#pragma once

#include <cstddef>
#include <span>

namespace lastbyte::relay {

/// Datagrams of one sender as they were received: `size` bytes that are cut into datagrams of `segment`, the last of
/// which may be shorter. A size of 0 is one datagram without a byte. Precondition: segment > 0 where size > 0.
struct DatagramPiece {
  std::size_t size = 0;
  std::size_t segment = 0;
};

/// Where a datagram begins.
struct DatagramPlace {
  std::size_t piece = 0;
  std::size_t offset = 0;  ///< bytes into the piece
  friend bool operator==(const DatagramPlace&, const DatagramPlace&) = default;
};

/// Datagrams from one place up to another: all of `segment` bytes, but that the last one may be shorter.
struct DatagramRun {
  DatagramPlace begin;
  DatagramPlace end;
  std::size_t segment = 0;
  std::size_t datagrams = 0;
  std::size_t bytes = 0;
};

/// The limits of a run. A datagram larger than `segment` goes alone.
struct RunLimits {
  std::size_t segment = 0;
  std::size_t datagrams = 1;
  std::size_t bytes = 0;
};

/// As many datagrams, from `begin` on, as one send can carry: at least one. Precondition: begin.piece < pieces.size().
DatagramRun next_run(std::span<const DatagramPiece> pieces, DatagramPlace begin, const RunLimits& limits);

}  // namespace lastbyte::relay
