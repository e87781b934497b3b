#include "kernel/bpf/resets.h"

#include <resets.skel.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "kernel/bpf/reset.h"
#include "kernel/bpf/support.h"

namespace lastbyte::kernel {

namespace {

constexpr std::size_t kTableBytes = LB_RESETS * sizeof(lb_reset);
static_assert(sizeof(lb_reset) % 8 == 0, "an element of an array in the kernel takes a multiple of 8 bytes");

}  // namespace

struct ResetTable::Loaded {
  std::unique_ptr<::resets, decltype(&resets__destroy)> programs{nullptr, &resets__destroy};
  const volatile lb_reset* table = nullptr;
  std::vector<const ResetReason*> reasons;  ///< by the kernel's number; null: the table of reasons has no such reason

  ~Loaded() {
    if (table != nullptr) ::munmap(const_cast<lb_reset*>(table), kTableBytes);
  }
};

ResetTable::ResetTable(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
ResetTable::~ResetTable() = default;

Result<std::unique_ptr<ResetTable>> ResetTable::load() {
  const std::string operation = "load the programs that note resets (BPF, tp_btf)";
  auto loaded = std::make_unique<Loaded>();
  const BpfComplaints complaints;
  const auto failed = [&](int code) {
    const std::string advice = load_advice(code);
    return failure(operation, code, advice.empty() ? complaints.last() : advice);
  };
  const auto reasons = running_kernel_reasons();
  if (!reasons) return Failure(reasons.error());
  for (const auto& [number, name] : *reasons) {
    if (number >= loaded->reasons.size()) loaded->reasons.resize(number + 1);
    loaded->reasons[number] = find_reset_reason(name);
  }
  loaded->programs.reset(resets__open_and_load());
  if (!loaded->programs) return failed(errno);
  void* const mapped =
      ::mmap(nullptr, kTableBytes, PROT_READ, MAP_SHARED, bpf_map__fd(loaded->programs->maps.resets), 0);
  if (mapped == MAP_FAILED) return failed(errno);
  loaded->table = static_cast<const volatile lb_reset*>(mapped);
  if (const int error = resets__attach(loaded->programs.get()); error != 0) return failed(-error);
  return std::unique_ptr<ResetTable>(new ResetTable(std::move(loaded)));
}

std::optional<SeenReset> ResetTable::find(std::uint64_t cookie) const {
  if (cookie == 0) return std::nullopt;
  const volatile lb_reset& place = loaded_->table[cookie & (LB_RESETS - 1)];
  if (place.cookie != cookie) return std::nullopt;
  std::atomic_thread_fence(std::memory_order_acquire);
  SeenReset seen;
  const std::uint32_t bits = place.seen;
  seen.sent = (bits & LB_SENT) != 0;
  seen.received = (bits & LB_RECEIVED) != 0;
  const std::uint32_t number = place.reason;
  seen.unread = place.unread;
  seen.unacknowledged = place.unacknowledged;
  std::atomic_thread_fence(std::memory_order_acquire);
  if (place.cookie != cookie || (!seen.sent && !seen.received)) return std::nullopt;
  const ResetReason* const reason = seen.sent && number < loaded_->reasons.size() ? loaded_->reasons[number] : nullptr;
  if (reason != nullptr) {
    seen.reason = reason->name;
    seen.trigger = reason->trigger;
  }
  return seen;
}

}  // namespace lastbyte::kernel
