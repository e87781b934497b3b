#include "relay/context/pools.h"

#include <fcntl.h>

#include <utility>

namespace lastbyte::relay {

std::unique_ptr<Block> BlockPool::take() {
  if (kept_.empty()) return std::unique_ptr<Block>(new Block);  // not zeroed, because it is written before it is read
  auto block = std::move(kept_.back());
  kept_.pop_back();
  return block;
}

void BlockPool::give_back(std::unique_ptr<Block> block) noexcept {
  if (kept_.size() < kKept) kept_.push_back(std::move(block));
}

std::optional<Pipe> PipePool::take() {
  if (!kept_.empty()) {
    Pipe pipe = std::move(kept_.back());
    kept_.pop_back();
    return pipe;
  }
  if (made_ >= kMaxPipes) return std::nullopt;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
  // The kernel refuses this to users over their share of pipe pages. The default of 64 KiB works too, with more calls.
  fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);
  ++made_;
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

void PipePool::give_back(Pipe pipe, bool empty) noexcept {
  if (empty) {
    kept_.push_back(std::move(pipe));
  } else {
    --made_;
  }
}

}  // namespace lastbyte::relay
