// Keeps signal handlers off threads: only the thread that waits for signals receives them.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace lastbyte {

/// Blocks all signals in the calling thread and returns the previous mask. With SIGPIPE blocked, a write fails with
/// EPIPE only.
inline sigset_t block_all_signals() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  return before;
}

/// Blocks all signals for threads that this thread starts while the object lives: they inherit the mask.
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
