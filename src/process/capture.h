// The output of a child process: drained as fast as it is written, and kept in bounded memory.
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

/// A thread of its own reads the pipe, so that a child never waits for us and never fills a disk.
class Capture {
 public:
  /// Of what was written, the last bytes that are kept.
  static constexpr std::size_t kKept = 64 * 1024;

  /// `pipe`: the read end.
  explicit Capture(Descriptor pipe);
  /// Stops.
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  /// Takes what the pipe holds now and then reads no more: also where a process that nobody knows of keeps the write
  /// end open. After the child was killed, text() is then final.
  void stop();
  /// The end of what was written; begins with "..." and a count where more came before. Any thread.
  [[nodiscard]] std::string text() const;

 private:
  void read_on();
  /// False: the pipe is empty or has ended.
  bool take_some();

  Descriptor pipe_;
  loop::Wakeup wakeup_;
  std::atomic<bool> stopped_ = false;
  bool ended_ = false;  ///< the reading thread's
  mutable std::mutex mutex_;
  std::string kept_;
  std::uint64_t dropped_ = 0;
  std::thread thread_;
};

}  // namespace lastbyte::process
