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
  // The start is no reload.
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

}  // namespace lastbyte::proxy
