// Wakes a thread that waits for descriptors.
#pragma once

#include "base/descriptor.h"

namespace lastbyte::loop {

/// An eventfd(2). One thread waits for fd() to be readable; any thread may call raise().
class Wakeup {
 public:
  /// Without a descriptor left, fd() is -1, errno says why, and raise() does nothing: poll(2) then goes by its time
  /// limit alone.
  Wakeup();
  void raise();
  /// Takes all that was raised, so that fd() is not readable any more.
  void clear();
  [[nodiscard]] int fd() const { return event_.get(); }

 private:
  Descriptor event_;
};

}  // namespace lastbyte::loop
