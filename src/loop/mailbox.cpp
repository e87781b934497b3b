#include "loop/mailbox.h"

#include <sys/eventfd.h>

#include <cstdint>

namespace lastbyte::loop {

Result<std::unique_ptr<Mailbox>> Mailbox::create() {
  Descriptor event(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!event) return failure_from_errno("eventfd");
  return std::unique_ptr<Mailbox>(new Mailbox(std::move(event)));
}

void Mailbox::post(std::function<void()> message) {
  {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
  }
  // Fails only when the counter is full, and then the worker has a reason to look anyway.
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

void Mailbox::carry_out() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(event_.get(), &count, sizeof count);
  std::vector<std::function<void()>> messages;
  {
    const std::lock_guard lock(mutex_);
    messages.swap(messages_);
  }
  for (const auto& message : messages) message();
}

}  // namespace lastbyte::loop
