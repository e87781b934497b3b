#include "process/capture.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace lastbyte::process {
namespace {

constexpr std::size_t kChunk = 16 * 1024;

}  // namespace

Capture::Capture(Descriptor pipe) : pipe_(std::move(pipe)) {
  ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
  thread_ = std::thread([this] { read_on(); });
}

Capture::~Capture() { stop(); }

void Capture::stop() {
  stopped_ = true;
  wakeup_.raise();
  if (thread_.joinable()) thread_.join();
}

void Capture::read_on() {
  while (!stopped_ && !ended_) {
    std::array<pollfd, 2> waits{{{pipe_.get(), POLLIN, 0}, {wakeup_.fd(), POLLIN, 0}}};
    ::poll(waits.data(), waits.size(), -1);
    take_some();
  }
  // A writer that was not killed could write for ever. Read no more than a pipe holds (pipe(7)).
  constexpr std::size_t kPipe = 1 << 20;
  for (std::size_t taken = 0; taken < kPipe && take_some(); taken += kChunk) {
  }
}

bool Capture::take_some() {
  std::array<char, kChunk> chunk{};
  const ssize_t got = ::read(pipe_.get(), chunk.data(), chunk.size());
  if (got < 0) return errno == EINTR;
  ended_ = got == 0;
  if (ended_) return false;
  const std::lock_guard lock(mutex_);
  kept_.append(chunk.data(), static_cast<std::size_t>(got));
  // Drop surplus only when it has reached kKept, so that each byte is moved at most once.
  if (kept_.size() > 2 * kKept) {
    const std::size_t surplus = kept_.size() - kKept;
    dropped_ += surplus;
    kept_.erase(0, surplus);
  }
  return true;
}

std::string Capture::text() const {
  const std::lock_guard lock(mutex_);
  const std::size_t surplus = kept_.size() > kKept ? kept_.size() - kKept : 0;
  const std::uint64_t dropped = dropped_ + surplus;
  return dropped == 0 ? kept_ : "... (" + std::to_string(dropped) + " bytes before this)\n" + kept_.substr(surplus);
}

}  // namespace lastbyte::process
