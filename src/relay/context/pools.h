// The memory for a flow's bytes between its source and its sink. An idle flow holds none (T9). A flow holds a block
// only while its sink is full, and a pipe only while it moves bulk data. Both come from the worker's pools.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/descriptor.h"

namespace lastbyte::relay {

/// The most bytes that one read takes. A flow whose reads fill it twice in a row is bulk.
inline constexpr std::size_t kBlockSize = 64 * 1024;
using Block = std::array<std::byte, kBlockSize>;

/// Blocks for bytes that wait. Keeps a few, and returns the rest to the allocator.
class BlockPool {
 public:
  BlockPool() { kept_.reserve(kKept); }
  std::unique_ptr<Block> take();
  /// Never throws, because sessions also return their blocks when memory is short.
  void give_back(std::unique_ptr<Block> block) noexcept;

 private:
  static constexpr std::size_t kKept = 16;
  std::vector<std::unique_ptr<Block>> kept_;
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

/// The most pipes per worker; beyond that, bulk flows are copied. The descriptor budget includes them.
inline constexpr std::size_t kMaxPipes = 256;
/// The size that is requested for a pipe. Unprivileged users may be given less (/proc/sys/fs/pipe-max-size,
/// pipe-user-pages-soft).
inline constexpr std::size_t kPipeSize = 1024 * 1024;

/// Empty pipes for splice(2).
class PipePool {
 public:
  PipePool() { kept_.reserve(kMaxPipes); }
  /// nullopt: the limit is reached or the kernel refuses; the flow is copied then.
  std::optional<Pipe> take();
  /// `empty`: whether the pipe is empty. A pipe with bytes in it is closed instead of kept.
  void give_back(Pipe pipe, bool empty) noexcept;

 private:
  std::vector<Pipe> kept_;
  std::size_t made_ = 0;
};

/// The bytes that a flow holds between its source and its sink.
struct Carrier {
  std::unique_ptr<Block> block;  ///< bytes [begin, end) wait in it
  std::optional<Pipe> pipe;      ///< held only while it has bytes, or within one round
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t in_pipe = 0;  ///< bytes in the pipe, at most kPipeSize
  bool bulk = false;          ///< to be spliced rather than copied
  std::uint8_t streak = 0;    ///< full reads in a row while copying, small ones while splicing

  [[nodiscard]] std::size_t waiting() const { return std::size_t{end} - begin + in_pipe; }
  /// Whether it holds nothing except perhaps an empty pipe.
  [[nodiscard]] bool empty() const { return !block && in_pipe == 0; }
};

}  // namespace lastbyte::relay
