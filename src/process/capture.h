// Captures the output of a child process. It reads the output as fast as the child writes, and keeps it in bounded
// memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/descriptor.h"
#include "loop/wakeup.h"

namespace lastbyte::process {

/// A thread reads the pipe all the time, so the child never waits for the parent. The end of the output stays in
/// memory, so nothing fills a disk.
class Capture {
 public:
  /// The number of bytes kept, from the end of the output.
  static constexpr std::size_t kKept = 64 * 1024;

  /// `pipe`: the read end.
  explicit Capture(Descriptor pipe);
  /// Calls stop().
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  /// Reads what the pipe holds now, then stops reading, even if an unknown process keeps the write end open. If the
  /// child was killed before, text() is final.
  void stop();
  /// Returns the end of the output. It begins with "..." and a count if earlier bytes were dropped. Any thread.
  [[nodiscard]] std::string text() const;

 private:
  void read_on();
  /// Returns false if the pipe is empty or has ended.
  bool take_some();

  Descriptor pipe_;
  loop::Wakeup wakeup_;
  std::atomic<bool> stopped_ = false;
  bool ended_ = false;  ///< used by the reading thread only
  mutable std::mutex mutex_;
  std::string kept_;
  std::uint64_t dropped_ = 0;
  std::thread thread_;
};

}  // namespace lastbyte::process
