#include "lab/stage/tracepoints.h"

#include <optional>
#include <string>
#include <utility>

namespace lastbyte::lab {
namespace {

constexpr std::uint32_t bit_of(kernel::EventKind kind) { return 1U << static_cast<unsigned>(kind); }

/// Large, because several experiments run at once, and one of them opens thousands of connections.
constexpr std::uint32_t kRingBytes = 8U << 20U;

Result<std::unique_ptr<kernel::EventSource>> open_tracepoints() {
  const kernel::SourceSettings settings{
      .kinds = bit_of(kernel::EventKind::reset_sent) | bit_of(kernel::EventKind::reset_received) |
               bit_of(kernel::EventKind::time_wait) | bit_of(kernel::EventKind::state_changed),
      .ring_bytes = kRingBytes,
      .owners = false};
  // tracefs is no choice: its text does not tell namespaces apart.
  auto typed = kernel::open_programs(kernel::Level::typed, settings);
  if (typed) return typed;
  auto raw = kernel::open_programs(kernel::Level::raw, settings);
  if (raw) return raw;
  return typed;
}

}  // namespace

Result<std::shared_ptr<Tracepoints>> Tracepoints::share() {
  static std::mutex mutex;
  static std::weak_ptr<Tracepoints> shared;
  static std::optional<Error> refused;
  const std::lock_guard lock(mutex);
  if (auto held = shared.lock()) return held;
  if (refused) return Failure(*refused);
  auto source = open_tracepoints();
  if (!source) {
    refused = source.error();
    return Failure(*refused);
  }
  std::shared_ptr<Tracepoints> made(new Tracepoints(std::move(*source)));
  shared = made;
  return made;
}

void Tracepoints::keep(std::uint32_t network) {
  const std::lock_guard lock(mutex_);
  kept_[network];
}

void Tracepoints::forget(std::uint32_t network) {
  const std::lock_guard lock(mutex_);
  kept_.erase(network);
}

std::vector<kernel::TcpEvent> Tracepoints::take(std::uint32_t network) {
  const std::lock_guard lock(mutex_);
  // An error keeps the events so far.
  (void)source_->take({.event =
                           [this](const kernel::TcpEvent& event) {
                             if (const auto found = kept_.find(event.network); found != kept_.end())
                               found->second.push_back(event);
                           },
                       .counted = {}});
  return std::exchange(kept_[network], {});
}

std::uint64_t Tracepoints::lost() const {
  const std::lock_guard lock(mutex_);
  return source_->lost();
}

}  // namespace lastbyte::lab
