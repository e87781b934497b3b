// Reads records of one size from a BPF iterator (bpf_iter_create(2)).
#pragma once

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/result.h"

namespace lastbyte::kernel {

/// Passes each record to `sink` until the iterator ends. `operation` names the operation in an error.
template <typename Record, typename Sink>
Result<void> read_records(int iterator, const std::string& operation, Sink&& sink) {
  std::array<char, 64 * sizeof(Record)> chunk;
  std::size_t filled = 0;
  for (;;) {
    const ssize_t got = ::read(iterator, chunk.data() + filled, chunk.size() - filled);
    // EAGAIN: the iterator paused because it has much to do.
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return failure_from_errno(operation);
    if (got == 0) return {};
    filled += static_cast<std::size_t>(got);
    std::size_t at = 0;
    for (; at + sizeof(Record) <= filled; at += sizeof(Record)) {
      Record record;
      std::memcpy(&record, chunk.data() + at, sizeof record);
      sink(record);
    }
    std::memmove(chunk.data(), chunk.data() + at, filled - at);
    filled -= at;
  }
}

}  // namespace lastbyte::kernel
