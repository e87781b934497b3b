// Wakes a thread that waits for descriptors.
#pragma once

#include "base/descriptor.h"

namespace lastbyte::loop {

/// An eventfd(2). One thread waits for fd() to be readable; any thread may call raise().
class Wakeup {
 public:
  /// If no descriptor is available, fd() is -1, errno says why, and raise() does nothing: poll(2) then returns only at
  /// its timeout.
  Wakeup();
  void raise();
  /// Takes all raises, so that fd() is no longer readable.
  void clear();
  [[nodiscard]] int fd() const { return event_.get(); }

 private:
  Descriptor event_;
};

}  // namespace lastbyte::loop
