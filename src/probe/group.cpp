#include "probe/group.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>

#include "upstream/maglev.h"

namespace lastbyte::probe {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// The number of layouts kept. Observations of sessions that began under an older layout are ignored.
constexpr std::size_t kMostLayouts = 64;
constexpr Duration kSweepInterval{1'000};

std::string text_of(const upstream::Member& member) { return (member.srv ? "srv " : "") + member.endpoint.text(); }

std::string target_name(const upstream::Member& srv, const dns::Target& target) {
  return srv.endpoint.host + "/" + target.host + ":" + std::to_string(target.port);
}

}  // namespace

std::optional<dns::NameKey> name_of(const upstream::Member& member, const upstream::Group& group) {
  if (member.endpoint.is_unix()) return std::nullopt;
  if (!member.srv && net::Address::parse(member.endpoint.host, 0)) return std::nullopt;
  return dns::NameKey{member.endpoint.host, member.srv, group.names};
}

void Group::apply(const PlacedGroup& group) {
  applying_ = true;
  settings_ = group.settings;
  place_ = group.place;
  std::vector<Slot> before = std::exchange(slots_, {});
  for (const upstream::Member& member : settings_->members) {
    Slot slot{text_of(member), std::make_shared<const upstream::Member>(member), {}, {}};
    const auto known = std::ranges::find(before, slot.text, &Slot::text);
    const bool is_new = known == before.end();
    if (!is_new) slot.members = std::exchange(known->members, {});
    if (const auto name = name_of(member, *settings_)) slot.lookup = context_.names.get(*name);
    fill(slot, is_new);
    slots_.push_back(std::move(slot));
  }
  applying_ = false;
  make_snapshot();
  asio::post(context_.io, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tell();
  });
}

std::shared_ptr<Member> Group::make_member(std::string name) {
  return std::make_shared<Member>(MemberContext{.io = context_.io,
                                                .counters = context_.counters,
                                                .tallies = context_.tallies,
                                                .on_change =
                                                    [weak = weak_from_this()] {
                                                      if (const auto self = weak.lock()) self->changed();
                                                    },
                                                .on_message = later(context_.on_message),
                                                .on_member = later(context_.on_member)},
                                  settings_->name, std::move(name));
}

/// Returns a function that keeps what it is given until the next tell(), which passes it to `take`.
template <typename What>
std::function<void(What)> Group::later(const std::function<void(What)>& take) {
  if (!take) return nullptr;
  return [weak = weak_from_this(), take](std::decay_t<What> what) {
    if (const auto self = weak.lock()) self->untold_.emplace_back([take, what = std::move(what)] { take(what); });
  };
}

/// Tells the operator of changes after on_snapshot() has told the workers: a session that begins after the message is
/// served by the new state. What a reload changes may be told before the workers have it.
void Group::tell() {
  for (const auto& each : std::exchange(untold_, {})) each();
}

void Group::fill(Slot& slot, bool is_new) {
  if (slot.settings->srv) return fill_targets(slot, is_new);
  if (slot.members.empty()) slot.members.push_back(make_member(slot.settings->endpoint.text()));
  slot.members.front()->set(slot.settings, *settings_, place_, slot.lookup, {}, !is_new);
}

void Group::fill_targets(Slot& slot, bool is_new) {
  const std::vector<dns::Service>& services = slot.lookup->services;
  const std::vector<upstream::Member> settings = dns::members_of(*slot.settings, services);
  std::vector<std::shared_ptr<Member>> before = std::exchange(slot.members, {});
  for (std::size_t index = 0; index < services.size(); ++index) {
    const std::string name = target_name(*slot.settings, services[index].target);
    // A target may be listed twice with different weights. It is one member.
    const auto has_name = [&](const std::shared_ptr<Member>& each) { return each && each->name() == name; };
    if (std::ranges::any_of(slot.members, has_name)) continue;
    const auto known = std::ranges::find_if(before, has_name);
    auto member = known == before.end() ? make_member(name) : std::exchange(*known, nullptr);
    member->set(std::make_shared<const upstream::Member>(settings[index]), *settings_, place_, slot.lookup,
                services[index], !is_new && known != before.end());
    member->set_gone(false);
    slot.members.push_back(std::move(member));
  }
  for (auto& each : before) {
    if (!each) continue;
    each->set_gone(true);
    slot.members.push_back(std::move(each));
  }
  sweep();
}

std::vector<std::shared_ptr<Member>> Group::members() const {
  std::vector<std::shared_ptr<Member>> all;
  for (const Slot& slot : slots_) std::ranges::copy(slot.members, std::back_inserter(all));
  return all;
}

void Group::name_changed(const dns::NameState& name) {
  for (Slot& slot : slots_) {
    if (slot.lookup.get() != &name) continue;
    if (slot.settings->srv) fill_targets(slot, false);
    changed();
  }
}

/// Makes one snapshot for all changes in one round of the thread.
void Group::changed() {
  if (applying_ || std::exchange(dirty_, true)) return;
  asio::post(context_.io, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->dirty_) return;
    self->make_snapshot();
    self->context_.on_snapshot(self->snapshot_);
    self->tell();
  });
}

void Group::make_snapshot() {
  dirty_ = false;
  auto snapshot = std::make_shared<upstream::Snapshot>();
  snapshot->group = settings_;
  snapshot->id = id_;
  snapshot->generation = ++generation_;
  const std::vector<std::shared_ptr<Member>> all = members();
  for (const auto& each : all) snapshot->members.push_back(each->snapshot());
  if (settings_->policy == upstream::Policy::source_hash) make_maglev(*snapshot);
  keep_layout(all);
  snapshot_ = std::move(snapshot);
}

void Group::make_maglev(upstream::Snapshot& snapshot) {
  std::vector<std::pair<std::string, std::uint32_t>> of;
  for (const auto& each : snapshot.members) of.emplace_back(each.name, each.weight);
  if (!maglev_ || of != maglev_of_) {
    maglev_of_ = std::move(of);
    std::vector<upstream::MaglevMember> members;
    for (const auto& [name, weight] : maglev_of_) members.push_back({name, weight});
    maglev_ = std::make_shared<const std::vector<std::uint16_t>>(upstream::maglev_table(members));
  }
  snapshot.maglev = maglev_;
}

void Group::keep_layout(const std::vector<std::shared_ptr<Member>>& members) {
  const auto is_same = [](const std::weak_ptr<Member>& one, const std::shared_ptr<Member>& other) {
    return one.lock() == other;
  };
  if (!layouts_.empty() && std::ranges::equal(layouts_.back().members, members, is_same)) return;
  layouts_.push_back({generation_, {members.begin(), members.end()}});
  if (layouts_.size() > kMostLayouts) layouts_.pop_front();
}

void Group::observe(const upstream::Observation& observation) {
  const auto after =
      std::ranges::upper_bound(layouts_, observation.generation, std::ranges::less{}, &Layout::generation);
  const std::vector<std::shared_ptr<Member>> now = members();
  if (after == layouts_.begin() || observation.member >= std::prev(after)->members.size()) {
    ++context_.counters.observations_late;
    return;
  }
  const std::shared_ptr<Member> member = std::prev(after)->members[observation.member].lock();
  if (std::ranges::find(now, member) == now.end()) {
    ++context_.counters.observations_late;
    return;
  }
  member->observe(observation.what, [&] {
    const auto ejected =
        static_cast<std::size_t>(std::ranges::count_if(now, [](const auto& each) { return each->is_ejected(); }));
    return upstream::may_eject(*settings_->ejection, now.size(), ejected);
  });
}

std::shared_ptr<Member> Group::find(std::string_view member) const {
  for (const Slot& slot : slots_)
    for (const auto& each : slot.members)
      if (each->name() == member) return each;
  return nullptr;
}

GroupStatus Group::status() const {
  GroupStatus status{settings_->name, id_, generation_, {}};
  for (const auto& each : members()) status.members.push_back(each->status());
  return status;
}

/// Removes targets that the name no longer has, once their last session has ended.
void Group::sweep() {
  if (sweeping_) return;
  const auto is_gone = [](const std::shared_ptr<Member>& each) { return each->gone_since().has_value(); };
  const std::vector<std::shared_ptr<Member>> all = members();
  if (std::ranges::none_of(all, is_gone) && !applying_) return;
  sweeping_ = true;
  sweep_.expires_after(kSweepInterval);
  sweep_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->sweeping_ = false;
    const TimePoint too_old = Clock::now() - self->settings_->names.drain_age;
    std::size_t removed = 0;
    for (Slot& slot : self->slots_)
      removed += std::erase_if(slot.members, [&](const std::shared_ptr<Member>& each) {
        return each->gone_since() &&
               (each->figures()->sessions.load(std::memory_order_relaxed) == 0 || *each->gone_since() <= too_old);
      });
    if (removed > 0) self->changed();
    self->sweep();
  });
}

}  // namespace lastbyte::probe
