#include "loop/mailbox.h"

#include <utility>

namespace lastbyte::loop {

Result<std::unique_ptr<Mailbox>> Mailbox::create() {
  Wakeup wakeup;
  if (wakeup.fd() < 0) return failure_from_errno("eventfd");
  return std::unique_ptr<Mailbox>(new Mailbox(std::move(wakeup)));
}

void Mailbox::post(std::function<void()> message) {
  {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
  }
  wakeup_.raise();
}

void Mailbox::carry_out() {
  wakeup_.clear();
  std::vector<std::function<void()>> messages;
  {
    const std::lock_guard lock(mutex_);
    messages.swap(messages_);
  }
  for (const auto& message : messages) message();
}

}  // namespace lastbyte::loop
