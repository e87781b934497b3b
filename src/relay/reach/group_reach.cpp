#include "relay/reach/group_reach.h"

#include <algorithm>
#include <cerrno>

#include "base/memory.h"
#include "net/address/mapped.h"
#include "upstream/address_order.h"
#include "upstream/ewma.h"
#include "upstream/maglev.h"

namespace lastbyte::relay {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using upstream::Choice;
using upstream::Move;

namespace {

/// A session with retries may make hundreds of tries. Its record lists the first ones and the last one.
constexpr std::size_t kMostListed = 32;

/// Whether a failed try says something about the member rather than about this host.
bool is_of_the_member(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENOENT: return true;
    default: return false;
  }
}

std::optional<std::uint64_t> source_of(const net::Address& client) {
  const bool has_address = client.family() == AF_INET || client.family() == AF_INET6;
  return has_address ? std::optional(upstream::source_hash(net::unmapped(client))) : std::nullopt;
}

/// The member of the same identity.
std::optional<std::uint32_t> index_in(const upstream::Snapshot& snapshot, const upstream::Figures* figures) {
  for (std::uint32_t index = 0; index < snapshot.members.size(); ++index)
    if (snapshot.members[index].figures.get() == figures) return index;
  return std::nullopt;
}

}  // namespace

GroupReach::GroupReach(Context& context, ListenerState& listener, Session& session, const net::Address& client,
                       TimePoint started)
    : context_(context),
      listener_(listener),
      session_(session),
      view_(listener.group),
      source_(source_of(client)),
      family_(listener.forwarding->upstream.transparent == net::Transparent::off ? AF_UNSPEC
                                                                                 : net::unmapped(client).family()),
      started_(started),
      tries_({.limit = listener.forwarding->limits.connect,
              .retry = retry(),
              .queue = listener.group->snapshot->group->queue},
             context.now),
      listed_(std::make_shared<Tries>(Tries{.group = listener.group->snapshot->group->name, .all = {}})) {
  listed_->all.reserve(kMostListed);
}

const upstream::Retry* GroupReach::retry() const {
  const auto& retry = listener_.forwarding->retry;
  return retry ? &*retry : nullptr;
}

Move GroupReach::next() {
  for (;;) {
    follow();
    const Move move = tries_.next(
        context_.now, context_.random(), [this](std::span<const std::uint32_t> tried) { return choose(tried); },
        [this](std::uint32_t member) { return order(member); });
    if (!tries_.member()) give_place_back();
    if (move.what != Move::What::queue) {
      leave_queue();
      return move;
    }
    if (queued_at_) return move;
    if (!enter_queue()) return {.what = Move::What::give_up, .full = true};
    tries_.room();  // a place may have come free before this session was counted
  }
}

/// Switches to the newest snapshot of the group while the session is between two members: a member may be up again, or
/// new.
void GroupReach::follow() {
  const GroupViewPtr& newest = listener_.group;
  if (connected_ || tries_.under_way() > 0 || tries_.member() || newest == view_) return;
  const auto& before = view_->snapshot->members;
  tries_.moved([&](std::uint32_t member) { return index_in(*newest->snapshot, before[member].figures.get()); });
  view_ = newest;
}

Choice GroupReach::choose(std::span<const std::uint32_t> tried) {
  give_place_back();
  const Choice choice = listener_.balance.choose(
      snapshot(),
      {.now = context_.now, .port = view_->port, .random = context_.random(), .source = source_, .tried = tried});
  if (choice.what == Choice::What::member) place_ = choice.member;
  return choice;
}

std::vector<std::uint32_t> GroupReach::order(std::uint32_t member) const {
  const auto& all = view_->addresses(member);
  auto order = upstream::order_of(all, snapshot().members[member].figures->preferred.load(std::memory_order_relaxed));
  if (family_ != AF_UNSPEC) std::erase_if(order, [&](std::uint32_t each) { return all[each].family() != family_; });
  return order;
}

void GroupReach::give_place_back() {
  if (!place_) return;
  if (!connected_ && blamed_) tell(What::connect_failure);
  blamed_ = false;
  upstream::give_back(snapshot().members[*place_]);
  place_.reset();
  // Without memory, the waiting sessions are woken when the next place becomes free.
  enough_memory_for([&] { context_.shared.queues.room(snapshot().id); });
}

bool GroupReach::enter_queue() {
  const upstream::Group& group = *snapshot().group;
  const auto place = context_.waiting.add(snapshot().id, session_);
  if (!context_.shared.queues.enter(snapshot().id, context_.worker, group.queue.length)) {
    context_.waiting.remove(snapshot().id, place);
    return false;
  }
  queued_at_ = place;
  return true;
}

void GroupReach::leave_queue() {
  if (!queued_at_) return;
  context_.waiting.remove(snapshot().id, *queued_at_);
  queued_at_.reset();
  context_.shared.queues.leave(snapshot().id, context_.worker);
}

const net::Address& GroupReach::address(std::uint32_t address) const { return view_->addresses(*place_)[address]; }

const MemberConnect* GroupReach::member_connect() const { return place_ ? view_->connects[*place_].get() : nullptr; }

bool GroupReach::may_send_early() const {
  return retry() == nullptr && place_ && view_->addresses(*place_).size() == 1;
}

void GroupReach::begun(std::uint32_t address) {
  tries_.begun(context_.now, address);
  open_.push_back({address, context_.now});
}

void GroupReach::failed(std::uint32_t address, int error, bool backlog_is_full) {
  tries_.failed(context_.now, address, backlog_is_full);
  list(address, TryEnd::failed, error);
  blamed_ = blamed_ || is_of_the_member(error);
  snapshot().members[*place_].figures->failed.fetch_add(1, std::memory_order_relaxed);
}

void GroupReach::connected(std::uint32_t address) {
  const auto own_try = std::ranges::find(open_, address, &Open::address);
  const TimePoint began = own_try == open_.end() ? context_.now : own_try->began;
  list(address, TryEnd::connected, 0);
  while (!open_.empty()) list(open_.front().address, TryEnd::outrun, 0);
  tries_.connected();
  connected_ = true;
  upstream::Figures& figures = *snapshot().members[*place_].figures;
  figures.began.fetch_add(1, std::memory_order_relaxed);
  if (view_->addresses(*place_).size() > 1)
    figures.preferred.store(upstream::address_mark(this->address(address)), std::memory_order_relaxed);
  sample(duration_cast<microseconds>(context_.now - began));
}

bool GroupReach::may_try_again() const {
  const upstream::Retry* rules = retry();
  if (rules == nullptr || !rules->on_reset || tries_.resets() >= rules->attempts) return false;
  const ForwardingCounts& counts = *listener_.counts;
  return retrying_ || upstream::within_budget(counts.sessions.load(std::memory_order_relaxed),
                                              counts.retrying.load(std::memory_order_relaxed), rules->budget_percent);
}

void GroupReach::try_again(int error) {
  tell(What::early_reset);
  if (!listed_->all.empty()) {
    Try& latest = listed_->all.back();
    latest.end = TryEnd::reset;
    latest.error = error;
    latest.took = duration_cast<microseconds>(context_.now - started_) - latest.began;
  }
  if (!std::exchange(retrying_, true)) listener_.counts->retrying.fetch_add(1, std::memory_order_relaxed);
  connected_ = false;
  blamed_ = false;  // already reported
  own.reset();
  trial = {};
  tries_.reset(context_.now);
}

void GroupReach::settle() {
  if (std::exchange(retrying_, false)) listener_.counts->retrying.fetch_sub(1, std::memory_order_relaxed);
}

void GroupReach::end() {
  settle();
  leave_queue();
  give_place_back();
  while (!rivals.empty()) {
    context_.leftovers->take(rivals.back().release(), listener_.forwarding->linger);
    rivals.pop_back();
  }
}

void GroupReach::list(std::uint32_t address, TryEnd end, int error) {
  const auto began = std::ranges::find(open_, address, &Open::address);
  const TimePoint at = began == open_.end() ? context_.now : began->began;
  if (began != open_.end()) open_.erase(began);
  if (listed_->all.size() == kMostListed) {
    listed_->all.pop_back();
    ++listed_->unlisted;
  }
  listed_->all.push_back({.member = snapshot().members[*place_].name,
                          .address = this->address(address),
                          .began = duration_cast<microseconds>(at - started_),
                          .took = duration_cast<microseconds>(context_.now - at),
                          .end = end,
                          .error = error});
}

void GroupReach::observe(What what) {
  if (!connected_ || std::exchange(observed_, true)) return;
  tell(what);
}

void GroupReach::tell(What what) {
  if (what != What::success) sample(upstream::kBadEnding);
  if (!context_.shared.observe || (what == What::success && !has_ejection())) return;
  context_.shared.observe(
      {.group = snapshot().id, .generation = snapshot().generation, .member = *place_, .what = what});
}

void GroupReach::sample(microseconds cost) {
  if (snapshot().group->policy != upstream::Policy::fastest || !place_) return;
  upstream::take_sample(*snapshot().members[*place_].figures, cost, context_.now);
}

GroupReach::Standing GroupReach::standing(const upstream::Snapshot& newest) const {
  if (newest.id != snapshot().id || !place_ || !connected_) return Standing::stays;
  const auto index = index_in(newest, snapshot().members[*place_].figures.get());
  if (!index) return Standing::lost;
  const upstream::SnapshotMember& member = newest.members[*index];
  const bool is_down = member.state == upstream::State::down || member.state == upstream::State::disabled;
  if (member.ends_sessions || (is_down && newest.group->on_down == upstream::OnDown::reset)) return Standing::down;
  const auto& addresses = upstream::addresses_of(member, view_->port);
  const bool has_address = std::ranges::find(addresses, last) != addresses.end();
  return has_address ? Standing::stays : Standing::lost;
}

}  // namespace lastbyte::relay
