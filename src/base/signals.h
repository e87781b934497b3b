// Threads that never run a signal's handler: signals belong to the thread that waits for them.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace lastbyte {

/// Blocks all signals in the calling thread. A blocked SIGPIPE leaves only EPIPE. Returns the mask of before.
inline sigset_t block_all_signals() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  return before;
}

/// While it lives, threads that this thread starts have all signals blocked: they inherit the mask.
class BlockedSignals {
 public:
  BlockedSignals() : before_(block_all_signals()) {}
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

}  // namespace lastbyte
