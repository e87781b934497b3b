#include "relay/datagram/runs.h"

#include <algorithm>

namespace lastbyte::relay {
namespace {

std::size_t size_at(std::span<const DatagramPiece> pieces, DatagramPlace place) {
  const DatagramPiece& piece = pieces[place.piece];
  return std::min(piece.segment, piece.size - place.offset);
}

DatagramPlace after(std::span<const DatagramPiece> pieces, DatagramPlace place) {
  const std::size_t offset = place.offset + size_at(pieces, place);
  if (offset < pieces[place.piece].size) return {place.piece, offset};
  return {place.piece + 1, 0};
}

}  // namespace

DatagramRun next_run(std::span<const DatagramPiece> pieces, DatagramPlace begin, const RunLimits& limits) {
  const std::size_t first = size_at(pieces, begin);
  DatagramRun run{.begin = begin, .end = after(pieces, begin), .segment = first, .datagrams = 1, .bytes = first};
  if (first == 0 || first > limits.segment) return run;
  while (run.end.piece < pieces.size() && run.datagrams < limits.datagrams) {
    const std::size_t next = size_at(pieces, run.end);
    if (next == 0 || next > first || run.bytes + next > limits.bytes) break;
    run.end = after(pieces, run.end);
    ++run.datagrams;
    run.bytes += next;
    if (next < first) break;  // only the last one of a send may be shorter
  }
  return run;
}

}  // namespace lastbyte::relay
