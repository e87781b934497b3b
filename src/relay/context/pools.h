// Where the bytes of a flow are between its source and its sink. An idle flow holds nothing (T9): a block only while
// its sink is full, a pipe only while it moves bulk data. Both come from the worker's pools.
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

/// How much one read takes at most. A read that fills it twice in a row is bulk.
inline constexpr std::size_t kBlockSize = 64 * 1024;
using Block = std::array<std::byte, kBlockSize>;

/// Blocks for bytes that wait. Keeps a few, gives the rest back to the allocator.
class BlockPool {
 public:
  BlockPool() { kept_.reserve(kKept); }
  std::unique_ptr<Block> take();
  /// Never throws: a session gives back what it holds where memory is short, too.
  void give_back(std::unique_ptr<Block> block) noexcept;

 private:
  static constexpr std::size_t kKept = 16;
  std::vector<std::unique_ptr<Block>> kept_;
};

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

/// At most this many pipes a worker; beyond it bulk flows are copied. The descriptor budget counts them.
inline constexpr std::size_t kMaxPipes = 256;
/// The size that is requested for a pipe. Unprivileged users may be given less (/proc/sys/fs/pipe-max-size,
/// pipe-user-pages-soft).
inline constexpr std::size_t kPipeSize = 1024 * 1024;

/// Empty pipes for splice(2).
class PipePool {
 public:
  PipePool() { kept_.reserve(kMaxPipes); }
  /// nullopt: the limit is reached or the kernel has none; copy then.
  std::optional<Pipe> take();
  /// `empty`: nothing is left in it. A pipe with bytes in it is closed instead of kept.
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
  std::uint32_t in_pipe = 0;  ///< bytes, at most kPipeSize
  bool bulk = false;          ///< to be spliced rather than copied
  std::uint8_t streak = 0;    ///< copied: full reads in a row; spliced: small ones

  [[nodiscard]] std::size_t waiting() const { return std::size_t{end} - begin + in_pipe; }
  /// It holds nothing but a pipe that is empty.
  [[nodiscard]] bool empty() const { return !block && in_pipe == 0; }
};

}  // namespace lastbyte::relay
