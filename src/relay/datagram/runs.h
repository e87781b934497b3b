// Which datagrams share a send. Pure.
#pragma once

#include <cstddef>
#include <span>

namespace lastbyte::relay {

/// Datagrams of one sender as they were received: `size` bytes, cut into datagrams of `segment` bytes; the last one may
/// be shorter. A size of 0 is one empty datagram. Precondition: segment > 0 if size > 0.
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

/// The datagrams from one place up to another, each of `segment` bytes; only the last one may be shorter.
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

/// The datagrams from `begin` on that fit into one send: at least one. Precondition: begin.piece < pieces.size().
DatagramRun next_run(std::span<const DatagramPiece> pieces, DatagramPlace begin, const RunLimits& limits);

}  // namespace lastbyte::relay
