#include "upstream/balance.h"

#include <algorithm>

#include "upstream/ewma.h"
#include "upstream/health.h"
#include "upstream/maglev.h"

namespace lastbyte::upstream {
namespace {

constexpr std::uint64_t kWhole = 1000;     ///< weight 1, in the thousandths of weight_now()
constexpr std::uint64_t kLeastShare = 10;  ///< a slow start begins with this share, in percent

bool can_serve(const SnapshotMember& member, std::size_t port) {
  return member.weight > 0 && !addresses_of(member, port).empty();
}

/// Whether `part` is less than `percent` of `all`.
bool is_below(std::size_t part, std::size_t all, std::uint32_t percent) {
  return part * 100 < all * std::size_t{percent};
}

/// Compares a/b with c/d, without a division.
bool is_less(double load, double weight, double than_load, double than_weight) {
  return load * than_weight < than_load * weight;
}

double load_of(const SnapshotMember& member) {
  return static_cast<double>(member.figures->sessions.load(std::memory_order_relaxed));
}

/// Returns the member with the least load for its weight. Ties are broken at random, so that workers do not all choose
/// the same member.
template <typename Load>
std::uint32_t least(const Snapshot& snapshot, const Wanted& wanted, const std::vector<bool>& open, Load load) {
  std::optional<std::uint32_t> best;
  double best_load = 0;
  double best_weight = 1;
  std::uint64_t random = wanted.random;
  std::uint64_t equals = 0;
  for (std::uint32_t index = 0; index < open.size(); ++index) {
    if (!open[index]) continue;
    const SnapshotMember& member = snapshot.members[index];
    const double its_load = load(member);
    const auto weight = static_cast<double>(weight_now(snapshot, member, wanted.now));
    const bool less = !best || is_less(its_load, weight, best_load, best_weight);
    const bool equal = !less && !is_less(best_load, best_weight, its_load, weight);
    if (!less && !equal) continue;
    equals = less ? 1 : equals + 1;
    if (equal && (random = mixed(random)) % equals != 0) continue;
    best = index;
    best_load = its_load;
    best_weight = weight;
  }
  return *best;
}

/// Returns a random member, with the probability that its weight gives it. `without` is passed over.
std::uint32_t by_chance(const Snapshot& snapshot, TimePoint now, std::uint64_t random, const std::vector<bool>& open,
                        std::optional<std::uint32_t> without = std::nullopt) {
  std::uint64_t sum = 0;
  const auto weight = [&](std::uint32_t index) {
    return open[index] && index != without ? weight_now(snapshot, snapshot.members[index], now) : 0;
  };
  for (std::uint32_t index = 0; index < open.size(); ++index) sum += weight(index);
  std::uint64_t at = sum == 0 ? 0 : random % sum;
  for (std::uint32_t index = 0; index < open.size(); ++index) {
    const std::uint64_t its = weight(index);
    if (at < its) return index;
    at -= its;
  }
  return *without;  // there is no other member
}

std::uint32_t of_two(const Snapshot& snapshot, const Wanted& wanted, const std::vector<bool>& open) {
  const std::uint32_t first = by_chance(snapshot, wanted.now, mixed(wanted.random), open);
  const std::uint32_t second = by_chance(snapshot, wanted.now, mixed(wanted.random + 1), open, first);
  const auto weight = [&](std::uint32_t index) {
    return static_cast<double>(weight_now(snapshot, snapshot.members[index], wanted.now));
  };
  const bool second_is_less =
      is_less(load_of(snapshot.members[second]), weight(second), load_of(snapshot.members[first]), weight(first));
  return second_is_less ? second : first;
}

std::uint32_t by_source(const Snapshot& snapshot, const Wanted& wanted, const std::vector<bool>& open) {
  if (!wanted.source || !snapshot.maglev || snapshot.maglev->empty())
    return by_chance(snapshot, wanted.now, mixed(wanted.random), open);
  const auto& table = *snapshot.maglev;
  std::size_t place = *wanted.source % table.size();
  for (std::size_t looked = 0; looked < table.size(); ++looked) {
    if (table[place] < open.size() && open[table[place]]) return table[place];
    if (++place == table.size()) place = 0;
  }
  return by_chance(snapshot, wanted.now, mixed(wanted.random), open);
}

}  // namespace

std::vector<bool> candidates(const Snapshot& snapshot, std::size_t port) {
  const Group& group = *snapshot.group;
  std::size_t all = 0;
  std::size_t healthy = 0;
  std::size_t primaries = 0;
  std::size_t healthy_primaries = 0;
  for (const SnapshotMember& each : snapshot.members) {
    if (!serves_in_panic(each.state) || each.weight == 0) continue;
    const bool serves = is_healthy(each.state) && can_serve(each, port);
    ++all;
    healthy += static_cast<std::size_t>(serves);
    if (each.settings->backup) continue;
    ++primaries;
    healthy_primaries += static_cast<std::size_t>(serves);
  }
  const bool panic = is_below(healthy, all, group.panic_below);
  const bool backups_serve = primaries == 0 || is_below(healthy_primaries, primaries, group.backup_below);
  std::vector<bool> open(snapshot.members.size());
  for (std::size_t index = 0; index < open.size(); ++index) {
    const SnapshotMember& each = snapshot.members[index];
    const bool by_health = panic ? serves_in_panic(each.state) : is_healthy(each.state);
    open[index] = by_health && can_serve(each, port) && (backups_serve || !each.settings->backup);
  }
  return open;
}

std::uint64_t weight_now(const Snapshot& snapshot, const SnapshotMember& member, TimePoint now) {
  const std::uint64_t whole = member.weight * kWhole;
  const Duration slow = snapshot.group->slow_start;
  const auto since = now - member.up_since;
  if (slow <= Duration{0} || since >= slow) return whole;
  const auto share = std::max<Clock::duration::rep>(since.count(), 0) * 100 / Clock::duration(slow).count();
  return std::max<std::uint64_t>(whole * std::max(static_cast<std::uint64_t>(share), kLeastShare) / 100, 1);
}

bool has_room(const SnapshotMember& member) {
  const auto& most = member.settings->max_sessions;
  return !most || member.figures->sessions.load() < *most;
}

bool take_place(const SnapshotMember& member) {
  const auto& most = member.settings->max_sessions;
  const std::uint32_t before = member.figures->sessions.fetch_add(1);
  if (!most || before < *most) return true;
  member.figures->sessions.fetch_sub(1);
  return false;
}

void give_back(const SnapshotMember& member) { member.figures->sessions.fetch_sub(1); }

Choice Balance::choose(const Snapshot& snapshot, const Wanted& wanted) {
  std::vector<bool> open = candidates(snapshot, wanted.port);
  if (std::ranges::find(open, true) == open.end()) return {.what = Choice::What::none};
  for (const std::uint32_t each : wanted.tried) open[each] = false;
  if (std::ranges::find(open, true) == open.end()) return {.what = Choice::What::none_left};
  for (std::uint32_t index = 0; index < open.size(); ++index)
    if (open[index] && !has_room(snapshot.members[index])) open[index] = false;
  while (const auto member = pick(snapshot, wanted, open)) {
    const auto left = static_cast<std::uint32_t>(std::ranges::count(open, true) - 1);
    if (take_place(snapshot.members[*member])) return {.what = Choice::What::member, .member = *member, .left = left};
    open[*member] = false;  // another thread took the last place
  }
  return {.what = Choice::What::full};
}

/// nullopt: no member is open.
std::optional<std::uint32_t> Balance::pick(const Snapshot& snapshot, const Wanted& wanted,
                                           const std::vector<bool>& open) {
  const auto first = std::ranges::find(open, true);
  if (first == open.end()) return std::nullopt;
  switch (snapshot.group->policy) {
    case Policy::first: return static_cast<std::uint32_t>(first - open.begin());
    case Policy::round_robin: return in_turn(snapshot, wanted, open);
    case Policy::least_sessions: return least(snapshot, wanted, open, load_of);
    case Policy::random_two: return of_two(snapshot, wanted, open);
    case Policy::source_hash: return by_source(snapshot, wanted, open);
    case Policy::fastest:
      return least(snapshot, wanted, open, [&](const SnapshotMember& member) {
        return (cost_us(*member.figures, wanted.now) + 1) * (load_of(member) + 1);
      });
  }
  return std::nullopt;
}

std::uint32_t Balance::in_turn(const Snapshot& snapshot, const Wanted& wanted, const std::vector<bool>& open) {
  follow(snapshot);
  std::int64_t sum = 0;
  std::optional<std::uint32_t> best;
  for (std::uint32_t index = 0; index < open.size(); ++index) {
    if (!open[index]) continue;
    const auto weight = static_cast<std::int64_t>(weight_now(snapshot, snapshot.members[index], wanted.now));
    sum += weight;
    credits_[index].credit += weight;
    if (!best || credits_[index].credit > credits_[*best].credit) best = index;
  }
  credits_[*best].credit -= sum;
  return *best;
}

/// Carries the credits over from another snapshot.
void Balance::follow(const Snapshot& snapshot) {
  if (group_ == snapshot.id && generation_ == snapshot.generation && credits_.size() == snapshot.members.size()) return;
  std::vector<Credit> now(snapshot.members.size());
  for (std::size_t index = 0; index < now.size(); ++index) {
    now[index].figures = snapshot.members[index].figures.get();
    const auto before = std::ranges::find(credits_, now[index].figures, &Credit::figures);
    if (before != credits_.end()) now[index].credit = before->credit;
  }
  credits_ = std::move(now);
  generation_ = snapshot.generation;
  group_ = snapshot.id;
}

}  // namespace lastbyte::upstream
