#include "sock/operator/stop.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <limits>

namespace lastbyte::sock {
namespace {

bool pipe_signal_pending() {
  sigset_t pending{};
  sigpending(&pending);
  return sigismember(&pending, SIGPIPE) == 1;
}

}  // namespace

StopSignal::StopSignal(const Streams& streams) : gate_(::epoll_create1(EPOLL_CLOEXEC)) {
  had_pipe_signal_ = pipe_signal_pending();
  sigset_t blocked{};
  sigset_t ending{};
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  if (streams.handle_signals) blocked = ending;
  sigaddset(&blocked, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  epoll_event event{};
  event.events = EPOLLIN;
  if (streams.handle_signals) {
    signals_ = Descriptor(::signalfd(-1, &ending, SFD_NONBLOCK | SFD_CLOEXEC));
    ::epoll_ctl(gate_.get(), EPOLL_CTL_ADD, signals_.get(), &event);
  }
  if (streams.stop >= 0) ::epoll_ctl(gate_.get(), EPOLL_CTL_ADD, streams.stop, &event);
}

StopSignal::~StopSignal() {
  // Remove a SIGPIPE of a broken pipe, and the signal that ended this run: they must not end the process now.
  const timespec now{};
  sigset_t pipe{};
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  if (!had_pipe_signal_ && pipe_signal_pending()) sigtimedwait(&pipe, nullptr, &now);
  signalfd_siginfo taken{};
  if (signals_) {
    while (::read(signals_.get(), &taken, sizeof taken) == static_cast<ssize_t>(sizeof taken)) continue;
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool StopSignal::raised() const {
  pollfd seen{gate_.get(), POLLIN, 0};
  return ::poll(&seen, 1, 0) == 1;
}

int poll_timeout(TimePoint deadline, TimePoint now) {
  if (deadline == TimePoint::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

Wake wait_for(int fd, short events, TimePoint deadline, const StopSignal& stop) {
  while (true) {
    pollfd seen[] = {{stop.fd(), POLLIN, 0}, {fd, events, 0}};
    const auto now = Clock::now();
    ::poll(seen, 2, poll_timeout(deadline, now));
    if (seen[0].revents != 0) return Wake::stopped;
    if (seen[1].revents != 0) return Wake::ready;
    if (Clock::now() >= deadline) return Wake::timed_out;
  }
}

}  // namespace lastbyte::sock
