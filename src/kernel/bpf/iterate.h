// Reading what an iterator in the kernel (bpf_iter_create(2)) writes: records of one size.
#pragma once

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/result.h"

namespace lastbyte::kernel {

/// Hands each record to `sink` until there are no more. `operation` is for the error's text.
template <typename Record, typename Sink>
Result<void> read_records(int iterator, const std::string& operation, Sink&& sink) {
  std::array<char, 64 * sizeof(Record)> chunk;
  std::size_t filled = 0;
  for (;;) {
    const ssize_t got = ::read(iterator, chunk.data() + filled, chunk.size() - filled);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;  // EAGAIN: so much work that it takes a pause
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
