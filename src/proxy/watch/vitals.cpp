#include "proxy/watch/vitals.h"

#include <chrono>
#include <utility>

namespace lastbyte::proxy {

void Vitals::loaded(std::string failure) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::lock_guard lock(mutex_);
  failure_ = std::move(failure);
  reload_.successful = failure_.empty();
  if (failure_.empty()) reload_.successful_seconds = std::chrono::duration<double>(now).count();
  // The start does not count as a reload.
  if (std::exchange(started_, true)) failure_.empty() ? ++reload_.succeeded : ++reload_.failed;
}

observe::ReloadSnapshot Vitals::reload() const {
  const std::lock_guard lock(mutex_);
  return reload_;
}

std::string Vitals::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Vitals::set_ports(std::vector<observe::PortsSnapshot> ports) {
  const std::lock_guard lock(mutex_);
  ports_ = std::move(ports);
}

std::vector<observe::PortsSnapshot> Vitals::ports() const {
  const std::lock_guard lock(mutex_);
  return ports_;
}

void Vitals::serves(std::vector<admin::ForwardingFacts> forwardings, std::string configuration, Duration drain) {
  const std::lock_guard lock(mutex_);
  forwardings_ = std::move(forwardings);
  configuration_ = std::move(configuration);
  drain_ = drain;
}

std::vector<admin::ForwardingFacts> Vitals::forwardings() const {
  const std::lock_guard lock(mutex_);
  return forwardings_;
}

std::string Vitals::configuration() const {
  const std::lock_guard lock(mutex_);
  return configuration_;
}

Duration Vitals::drain_time() const {
  const std::lock_guard lock(mutex_);
  return drain_;
}

void Vitals::happened(admin::Happening happening) {
  constexpr std::size_t kMost = 256;
  const std::lock_guard lock(mutex_);
  if (happenings_.size() == kMost) happenings_.erase(happenings_.begin());
  happenings_.push_back(std::move(happening));
}

std::vector<admin::Happening> Vitals::take_happenings() {
  const std::lock_guard lock(mutex_);
  return std::exchange(happenings_, {});
}

}  // namespace lastbyte::proxy
