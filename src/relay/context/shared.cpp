#include "relay/context/shared.h"

#include <utility>

namespace lastbyte::relay {

bool ClientCounts::try_add(const net::Address& client, std::uint32_t limit) {
  const std::lock_guard lock(mutex_);
  std::uint32_t& count = counts_[client.without_port()];
  if (count >= limit) return false;
  ++count;
  return true;
}

void ClientCounts::remove(const net::Address& client) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(client.without_port());
  if (found == counts_.end()) return;
  if (--found->second == 0) counts_.erase(found);
}

bool Shortage::begins(TimePoint now) {
  const std::lock_guard lock(mutex_);
  last_ = now;
  return !std::exchange(told_, true);
}

void Shortage::was_not_told() {
  const std::lock_guard lock(mutex_);
  told_ = false;
}

bool Shortage::is_over(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (now - last_ < kCalm) return false;
  return std::exchange(told_, false);
}

std::optional<std::uint64_t> RateLimit::happens(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (told_ && now - *told_ < kInterval) {
    ++untold_;
    return std::nullopt;
  }
  told_ = now;
  return std::exchange(untold_, 0);
}

namespace {

/// The last steps of splitmix64: session numbers are consecutive, but their hashes are not.
std::uint64_t scattered(std::uint64_t number) {
  number = (number ^ (number >> 30U)) * 0xbf58476d1ce4e5b9U;
  number = (number ^ (number >> 27U)) * 0x94d049bb133111ebU;
  return number ^ (number >> 31U);
}

}  // namespace

void RecordFilter::set(Sessions sessions, double share, bool ignores_empty) {
  ignores_empty_ = ignores_empty;
  constexpr double kAll = 18446744073709551616.0;  // 2^64
  // A share of 0 matches only one session in 2^64.
  highest_ = share >= 1 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(share * kAll);
  sessions_ = share <= 0 && sessions == Sessions::all ? Sessions::failures : sessions;
}

void RecordFilter::set_progress(bool begin, Duration every) {
  begin_ = begin;
  every_ms_ = every.count();
}

bool RecordFilter::sampled(std::uint64_t id) const {
  return sessions_.load(kRelaxed) == Sessions::all && scattered(id) <= highest_.load(kRelaxed);
}

bool RecordFilter::wants(Ending ending, std::uint64_t id) const {
  switch (sessions_.load(std::memory_order_relaxed)) {
    case Sessions::none: return false;
    case Sessions::failures: return ending != Ending::complete;
    case Sessions::all: break;
  }
  return ending != Ending::complete || scattered(id) <= highest_.load(std::memory_order_relaxed);
}

bool Shared::reserve(std::optional<std::uint32_t> limit, ForwardingCounts& of_listener) {
  if (sessions.fetch_add(1, std::memory_order_relaxed) < max_sessions) {
    const std::uint32_t before = of_listener.sessions.fetch_add(1, std::memory_order_relaxed);
    if (!limit || before < *limit) return true;
    of_listener.sessions.fetch_sub(1, std::memory_order_relaxed);
  }
  sessions.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Shared::release(ForwardingCounts& of_listener) {
  release_process();
  release_forwarding(of_listener);
}

void Shared::release_forwarding(ForwardingCounts& of_listener) {
  of_listener.sessions.fetch_sub(1, std::memory_order_relaxed);
}

void Shared::release_process() { sessions.fetch_sub(1, std::memory_order_relaxed); }

}  // namespace lastbyte::relay
