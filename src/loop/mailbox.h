// Messages from other threads to a worker: posted under a lock, run by the worker between two rounds of its loop.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "loop/wakeup.h"

namespace lastbyte::loop {

class Mailbox {
 public:
  static Result<std::unique_ptr<Mailbox>> create();

  /// Posts a message, which runs on the worker's thread. Any thread may call this.
  void post(std::function<void()> message);

  /// Readable when there is mail (an eventfd, level-triggered).
  [[nodiscard]] int fd() const { return wakeup_.fd(); }
  /// Runs all posted messages. Only the worker may call this.
  void carry_out();

 private:
  explicit Mailbox(Wakeup wakeup) : wakeup_(std::move(wakeup)) {}
  Wakeup wakeup_;
  std::mutex mutex_;
  std::vector<std::function<void()>> messages_;
};

}  // namespace lastbyte::loop
