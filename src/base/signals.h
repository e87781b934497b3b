// Threads that never run a signal's handler.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace lastbyte::proxy {

/// While it lives, threads that this thread starts have all signals blocked: they inherit the mask.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace lastbyte::proxy
