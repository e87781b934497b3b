#include "relay/terms/figures.h"

#include <algorithm>

#include "base/memory.h"

namespace lastbyte::relay {

using std::chrono::microseconds;

namespace {

constexpr auto kBoundsInMicroseconds = [] {
  std::array<std::array<std::int64_t, kBounds>, kTimings.size()> all{};
  for (std::size_t timing = 0; timing < kTimings.size(); ++timing)
    for (std::size_t bound = 0; bound < kBounds; ++bound)
      all[timing][bound] = static_cast<std::int64_t>(kTimings[timing].bounds[bound] * 1e6 + 0.5);
  return all;
}();

}  // namespace

Figures::~Figures() {
  for (const auto& each : members_) delete each.load(std::memory_order_relaxed);
}

std::span<const Cell> Figures::of(Family family) const {
  const auto index = static_cast<std::size_t>(family);
  return std::span(cells_).subspan(kPlaces[index], kFamilies[index].cells());
}

/// Allocates for the first session of a member. Without memory, the member counts among the others.
Figures::Member& Figures::member_of(const Record& record) {
  const bool is_named = record.tries && !record.tries->all.empty();
  const std::string_view name = is_named ? std::string_view(record.tries->all.back().member) : std::string_view();
  // The name alone identifies a member, because its addresses change with the DNS.
  const net::Address address = is_named ? net::Address() : record.sides[1].address;
  for (auto& each : members_) {
    Member* known = each.load(std::memory_order_relaxed);
    if (known != nullptr) {
      if (known->name == name && known->address == address) return *known;
      continue;
    }
    // The address of a UNIX socket allocates memory as well.
    std::unique_ptr<Member> made;
    if (!enough_memory_for([&] { made.reset(new Member{.name = std::string(name), .address = address, .ended = {}}); }))
      return other_;
    each.store(made.get(), std::memory_order_release);
    return *made.release();
  }
  return other_;
}

void Figures::observe(Timing timing, microseconds time) {
  const auto& bounds = kBoundsInMicroseconds[static_cast<std::size_t>(timing)];
  // The search begins at the shortest bound: most sessions are short, and a loop that ends at once beats a binary
  // search.
  std::size_t bucket = 0;
  while (bucket < bounds.size() && bounds[bucket] < time.count()) ++bucket;
  Times& times = times_[static_cast<std::size_t>(timing)];
  times.buckets[bucket].add(1);
  times.sum_us.add(static_cast<std::uint64_t>(std::max<microseconds::rep>(time.count(), 0)));
}

void Figures::kernel_sent_reset(Which side, std::string_view reason) {
  const auto named = static_cast<std::size_t>(std::ranges::find(kResetReasonWords, reason) - kResetReasonWords.begin());
  const std::size_t word = std::min(named, kResetReasonWords.size() - 1);
  cell(Family::kernel_resets_sent, static_cast<std::size_t>(side) * kResetReasonWords.size() + word).add(1);
}

void Figures::ended(const Record& record) {
  const Ending ending = ending_of(record);
  member_of(record).ended[static_cast<std::size_t>(ending)].add(1);
  observe(Timing::duration, record.duration);
  if (record.datagrams() != nullptr) return;
  const StreamRecord& stream = record.stream();
  for (const auto& [timing, time] :
       {std::pair(Timing::connect, stream.connect_duration), std::pair(Timing::first_byte, stream.first_byte_duration),
        std::pair(Timing::closing, stream.closing_duration)})
    if (time.count() >= 0) observe(timing, time);
  add(Family::retries, stream.retries);
  for (const Which which : termination::kBoth) {
    const FlowRecord& flow = stream.flow(which);
    add(Family::delivered_bytes, which, flow.delivered);
    add(Family::discarded_bytes, which, flow.discarded);
    add(Family::rescued_bytes, which, flow.rescued);
    cell(Family::lost_bytes, static_cast<std::size_t>(which) * kEndingWords.size() + static_cast<std::size_t>(ending))
        .add(flow.undelivered);
    const termination::End end = stream.verdict.end(which);
    if (end == termination::End::reset || end == termination::End::refused) add(Family::resets_received, which, 1);
  }
}

}  // namespace lastbyte::relay
