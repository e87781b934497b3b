// Tells whether another thread waits in the kernel.
#pragma once

#include "base/descriptor.h"

namespace lastbyte::lab {

/// The state of the thread that made the object. Any thread may ask.
class ThreadState {
 public:
  ThreadState();

  /// Whether the thread waits for something: it neither runs nor waits for a processor. False if /proc does not tell.
  [[nodiscard]] bool asleep() const;

 private:
  Descriptor stat_;  ///< stays that of the thread, whatever process namespace /proc is of
};

}  // namespace lastbyte::lab
