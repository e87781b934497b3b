#include "proxy/watch/lag.h"

#include "base/time.h"

namespace lastbyte::proxy {
namespace {

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

}  // namespace

Lag::Lag(const std::vector<std::unique_ptr<relay::Worker>>& workers) : workers_(workers) {
  for (std::size_t index = 0; index < workers.size(); ++index) watched_.push_back(std::make_shared<Watched>());
}

void Lag::look() {
  for (std::size_t index = 0; index < workers_.size(); ++index) {
    const auto& watched = watched_[index];
    if (watched->under_way.exchange(true)) continue;
    watched->asked = now();
    workers_[index]->post([watched] {
      watched->waited = now() - watched->asked;
      watched->under_way = false;
    });
  }
}

std::chrono::nanoseconds Lag::of(std::size_t worker) const {
  const Watched& watched = *watched_[worker];
  return std::chrono::nanoseconds(watched.under_way ? now() - watched.asked : watched.waited.load());
}

}  // namespace lastbyte::proxy
