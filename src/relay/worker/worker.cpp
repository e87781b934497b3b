#include "relay/worker/worker.h"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>
#include <string>
#include <unordered_set>
#include <utility>

#include "relay/terms/progress.h"
#include "relay/worker/impl.h"

namespace lastbyte::relay {
namespace {

constexpr std::size_t kWalkedInARound = 256;
constexpr std::size_t kTurnsInARound = 2;
/// A timer this overdue means that the process, or the machine, was frozen.
constexpr Duration kLate{100};
/// The events of a round take less than this, unless the machine ran something else meanwhile.
constexpr Duration kHeldUp{10};

}  // namespace

Result<void> Worker::Impl::watch_own() {
  int error = context_.epoll.add(mailbox().fd(), EPOLLIN, Tag::of(&mailbox(), TagKind::mailbox));
  if (error == 0) error = context_.epoll.add(alarm_.fd(), EPOLLIN | EPOLLET, Tag::of(&alarm_, TagKind::alarm));
  if (error != 0) return failure("epoll_ctl", error);
  return {};
}

void Worker::Impl::run() {
  pthread_setname_np(pthread_self(), ("worker-" + std::to_string(index_)).substr(0, 15).c_str());
  if (shared_.make_sender) batch_sends();
  enough_memory_for([&] { reserve_ = std::make_unique<Reserve>(); });
  clock_.begin();
  const auto lingers = [this] { return !leftovers_.empty() && context_.now < *context_.drain_at; };
  while (!context_.drain_at || !sessions_.empty() || !datagrams_.idle() || lingers()) round();
  leftovers_.close_all();
  clock_.end();
}

/// Each sender is made by the thread that uses it. Without one, the worker continues with plain system calls.
void Worker::Impl::batch_sends() {
  const auto warn = [this](const std::string& why) {
    enough_memory_for([&] { shared_.warn("worker " + std::to_string(index_) + " sends without io_uring: " + why); });
  };
  auto sender = shared_.make_sender();
  if (!sender) return warn(sender.error().text());
  counters.add(Count::rings);
  context_.sends.use(std::move(*sender), [this, warn](int error) {
    counters.subtract(Count::rings);
    warn("it failed: " + errno_name(error));
  });
}

/// Runs one round. No deadline may pass before the bytes that have arrived are read: after a freeze (SIGSTOP, a paused
/// container, a suspended machine) both are due at once (T8). So events come first, until there are no more. epoll
/// reports each descriptor only once while its peer sends nothing new, which bounds the rounds that this can take.
void Worker::Impl::round() {
  const auto was_due = due();
  bool more = wait_and_dispatch(timeout_ms(was_due));
  more = more || (was_due && context_.now > *was_due + kLate);
  const auto is_due = [&] { return context_.wheel.next().value_or(UINT64_MAX) <= context_.current_tick(); };
  for (std::size_t rounds = 2 + 2 * sessions_.size() / kEventsPerRound; more && rounds > 0 && is_due(); --rounds)
    more = wait_and_dispatch(0);
  take_turns();
  walk_.step(kWalkedInARound);
  groups_.step(kWalkedInARound);
  inquiries_.step();
  expire();
  datagrams_.end_round();
  bury();
}

/// True: more events may be waiting.
bool Worker::Impl::wait_and_dispatch(int timeout_ms) {
  const auto [events, interrupted] = context_.epoll.wait(events_, timeout_ms);
  context_.now = Clock::now();
  ++context_.round;
  context_.sends.open();
  for (const epoll_event& event : events) dispatch(event);
  context_.sends.settle(
      [this](const SendBatch::Settled& sent) { attempt(*sent.session, [&] { sent.session->on_sent(sent); }); });
  context_.sends.close();
  if (const TimePoint ended = Clock::now(); ended > context_.now + kHeldUp) correct_times(events, ended);
  return interrupted || events.size() == events_.size();
}

/// Sessions that ended in this round are still there: bury() comes later.
void Worker::Impl::correct_times(std::span<const epoll_event> events, TimePoint ended) {
  for (const epoll_event& event : events) {
    const std::uint64_t tag = event.data.u64;
    if (Tag::kind(tag) == TagKind::client || Tag::kind(tag) == TagKind::upstream)
      Tag::object<Session>(tag)->was_held_up(context_.now, ended);
  }
}

int Worker::Impl::timeout_ms(std::optional<TimePoint> due) {
  if (!context_.turns.empty() || walk_.under_way() || groups_.under_way() || inquiries_.under_way()) return 0;
  return alarm_.timeout_ms(due, context_.now);
}

std::optional<TimePoint> Worker::Impl::due() const {
  const auto next = context_.wheel.next();
  if (!next) return std::nullopt;
  return context_.began + std::chrono::milliseconds(*next);
}

void Worker::Impl::dispatch(const epoll_event& event) {
  const std::uint64_t tag = event.data.u64;
  switch (Tag::kind(tag)) {
    case TagKind::mailbox: mailbox().carry_out(); return;
    case TagKind::alarm: alarm_.rang(); return;
    case TagKind::listener: enough_memory_for([&] { acceptor_.on_event(*Tag::object<ListeningSocket>(tag)); }); return;
    case TagKind::datagrams_in:
      enough_memory_for([&] { datagrams_.on_clients(*Tag::object<DatagramSocket>(tag)); });
      return;
    case TagKind::datagrams_out:
      enough_memory_for([&] { datagrams_.on_upstream(*Tag::object<DatagramSession>(tag)); });
      return;
    case TagKind::rival: {
      Rival& rival = *Tag::object<Rival>(tag);
      if (rival.session == nullptr) return leftovers_.on_events(rival, event.events);
      return attempt(*rival.session, [&, of = rival.session] { of->on_rival(rival, event.events); });
    }
    case TagKind::client:
    case TagKind::upstream: break;
  }
  Session& session = *Tag::object<Session>(tag);
  if (session.final()) return;  // it ended earlier in this round
  attempt(session, [&] {
    session.on_events(Tag::kind(tag) == TagKind::client ? termination::Which::client : termination::Which::upstream,
                      event.events);
  });
}

/// Takes only a few turns per round: sessions whose events arrive meanwhile must not wait for all of them (T12).
void Worker::Impl::take_turns() {
  for (std::size_t left = std::min(context_.turns.size(), kTurnsInARound); left > 0; --left) {
    Session& session = *context_.turns.front();
    context_.turns.pop_front();
    if (!session.final()) attempt(session, [&] { session.on_turn(); });
  }
}

void Worker::Impl::expire() {
  const std::uint64_t tick = context_.current_tick();
  while (loop::Timer* timer = context_.wheel.pop_due(tick)) {
    if (timer == acceptor_.timer()) {
      enough_memory_for([&] { acceptor_.on_timer(); });
    } else if (timer == datagrams_.timer()) {
      enough_memory_for([&] { datagrams_.on_timer(); });
    } else if (timer == leftovers_.timer()) {
      leftovers_.on_timer();
    } else if (timer == &progress_timer_) {
      enough_memory_for([&] { look_at_progress(); });
      schedule_progress();
    } else if (timer == &calm_timer_) {
      enough_memory_for([&] {
        if (!reserve_) reserve_ = std::make_unique<Reserve>();
        if (shared_.shortage.is_over(context_.now)) shared_.warn("accepting again: the shortage is over");
      });
    } else {
      Session& session = static_cast<Session&>(*timer);
      if (!session.final()) attempt(session, [&] { session.on_timer(); });  // a final session ended in this round
    }
  }
}

/// Runs all work for a session, and removes the session if the work ended it. A shortage of memory costs only the
/// session that meets it (T12).
template <typename Work>
void Worker::Impl::attempt(Session& session, Work work) {
  if (!enough_memory_for(work)) {
    report_shortage([] { return std::string("no memory: one session was reset, the others continue"); });
    session.on_no_memory();
  }
  if (session.final()) finish(session);
}

void Worker::Impl::finish(Session& session) {
  counters.add(Count::ended);
  counters.subtract(Count::open);
  if (context_.drain_at && session.stopped()) counters.add(Count::stopped);
  ListenerState& state = session.listener();
  shared_.release(*state.counts);
  if (session.admitted()) release_admission(state, session.client_address());
  const Record record = session.record();
  session.count_ended(record);
  if (shared_.events_wanted.load(std::memory_order_relaxed)) {
    std::vector<TrailEntry> trail;
    enough_memory_for([&] { trail = session.trail(); });
    tell_event({.record = record, .trail = std::move(trail)});
  }
  file(record);
  walk_.leaves(session);
  groups_.leaves(session);
  inquiries_.leaves(session);
  sessions_.erase(sessions_.iterator_to(session));
  ended_.push_back(session);
}

void Worker::Impl::bury() {
  if (!ended_.empty()) {
    std::erase_if(context_.turns, [](const Session* session) { return session->final(); });
    ended_.clear_and_dispose([](Session* session) { delete session; });
  }
  if (pushed_records_ && shared_.wake_log) shared_.wake_log();
  pushed_records_ = false;
  acceptor_.bury();
  leftovers_.bury();
}

/// Hands the record of an ended session to the log.
void Worker::Impl::file(const Record& record) {
  if (shared_.records.ignores_empty() && is_empty(record)) return counters.add(Count::sessions_ignored);
  if (!shared_.records.wants(ending_of(record), record.id)) return;
  push(record);
}

void Worker::Impl::push(const Record& record) {
  if (records_.push(record)) {
    pushed_records_ = true;
  } else {
    counters.add(Count::records_dropped);
  }
}

/// Reports a session that has begun. `record`: its id, names, start and client.
void Worker::Impl::began(const Record& record, bool datagrams) {
  tell_event({.began = true, .record = record});
  if (shared_.records.wants_beginning(record.id)) push(record_of_beginning(record, datagrams));
}

void Worker::Impl::schedule_progress() {
  const Duration every = shared_.records.every();
  if (every == Duration(0) || context_.drain_at) return context_.wheel.cancel(progress_timer_);
  if (progress_timer_.is_set()) return;
  progress_looked_at_ = context_.now;
  context_.wheel.set(progress_timer_, context_.tick(context_.now + progress_interval(every)));
}

/// Makes the records that are due at this moment, although the slices of the walk come later.
void Worker::Impl::look_at_progress() {
  const TimePoint at = context_.now;
  const auto since_last = std::chrono::duration_cast<std::chrono::microseconds>(at - progress_looked_at_);
  const auto look = std::make_shared<Look>();
  look->visit = [this, at, since_last](const SessionView& view) {
    const auto walked = std::chrono::duration_cast<std::chrono::microseconds>(context_.now - at);
    const Duration every = shared_.records.every();
    if (every == Duration(0) || !shared_.records.wants_progress(view.id)) return;
    if (progress_is_due(view.age - walked, since_last, every)) push(record_of_progress(view));
  };
  look->done = [] {};
  inquiries_.add(look);
}

void Worker::Impl::tell_event(const SessionEvent& event) {
  if (!shared_.events_wanted.load(std::memory_order_relaxed)) return;
  if (!events_ring_.push(event)) counters.add(Count::events_dropped);
}

bool Worker::Impl::begin(ListenerState& state, Descriptor& client, const net::Address& address) {
  auto* session = new (std::nothrow)
      Session(context_, state, std::move(client), address, shared_.next_id.fetch_add(1, std::memory_order_relaxed));
  if (session == nullptr) return false;
  counters.add(Count::accepted);
  counters.add(Count::open);
  sessions_.push_back(*session);
  if (shared_.events_wanted.load(std::memory_order_relaxed) || shared_.records.wants_beginning(session->id()))
    enough_memory_for([&] { began(session->beginning(), false); });
  attempt(*session, [&] { session->begin(); });
  return true;
}

/// `words` makes the log line. It may fail, because memory may be what is short.
template <typename Words>
void Worker::Impl::report_shortage(const Words& words) {
  context_.wheel.set(calm_timer_, context_.tick(context_.now + Shortage::kCalm));
  if (!shared_.shortage.begins(context_.now)) return;
  reserve_.reset();
  if (!enough_memory_for([&] { shared_.warn(words()); })) shared_.shortage.was_not_told();
}

void Worker::Impl::try_to_serve(std::vector<Listening> listenings) {
  if (enough_memory_for([&] { serve(std::move(listenings)); })) return;
  enough_memory_for([&] {
    shared_.warn("no memory for a reload in worker " + std::to_string(index_) +
                 ": some of its listeners keep their old settings; reload again");
  });
}

void Worker::Impl::try_to_update(const GroupChanges::Snapshots& snapshots) {
  if (context_.drain_at) return;
  context_.now = Clock::now();
  if (enough_memory_for([&] { update(snapshots); })) return;
  report_shortage([] { return std::string("no memory: a change of upstream groups is lost"); });
}

void Worker::Impl::update(const GroupChanges::Snapshots& snapshots) {
  acceptor_.update(snapshots);
  datagrams_.update(snapshots);
  groups_.change(snapshots);
}

void Worker::Impl::serve(std::vector<Listening> listenings) {
  if (context_.drain_at) return;
  context_.now = Clock::now();
  const auto snapshots = GroupChanges::snapshots_of(listenings);
  std::unordered_set<const ForwardingCounts*> limited;
  for (const Listening& each : listenings)
    if (each.forwarding->max_sessions_per_client) limited.insert(each.counts.get());
  // The partition is stable, so the ports of one forwarding stay together.
  const auto of_streams = std::ranges::stable_partition(
      listenings, [](const Listening& each) { return each.forwarding->listen.transport == net::Transport::udp; });
  std::vector<Listening> streams(std::make_move_iterator(of_streams.begin()),
                                 std::make_move_iterator(of_streams.end()));
  listenings.erase(of_streams.begin(), of_streams.end());
  schedule_progress();
  datagrams_.serve(std::move(listenings), index_);
  acceptor_.serve(std::move(streams));
  update(snapshots);
  if (!limited.empty()) count_known_clients(limited);
}

/// Counts sessions that began before their forwarding had a limit per client.
void Worker::Impl::count_known_clients(const std::unordered_set<const ForwardingCounts*>& limited) {
  std::vector<ListenerPtr> counted;
  const auto count = [&](ListenerState& state, const net::Address& client) {
    if (state.counts_clients || !limited.contains(state.counts.get())) return;
    state.counts->clients.try_add(client, std::numeric_limits<std::uint32_t>::max());
    counted.emplace_back(&state);
  };
  for (const Session& session : sessions_)
    if (session.admitted()) count(session.listener(), session.client_address());
  datagrams_.for_each_session(count);
  for (const ListenerPtr& each : counted) each->counts_clients = true;
}

void Worker::Impl::drain(TimePoint at) {
  if (context_.drain_at) return;
  context_.now = Clock::now();
  context_.drain_at = at;
  acceptor_.stop();
  context_.wheel.cancel(calm_timer_);
  context_.wheel.cancel(progress_timer_);
  datagrams_.drain(at);
  leftovers_.drain();
  walk_.begin([this](Session& session) { attempt(session, [&] { session.on_stop(); }); });
}

void Worker::Impl::abort() {
  context_.now = Clock::now();
  if (!context_.drain_at) drain(context_.now);
  walk_.begin([this](Session& session) { attempt(session, [&] { session.on_abort(); }); });
  datagrams_.abort();
  leftovers_.close_all();
}

Worker::Worker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Worker::~Worker() = default;

Result<std::unique_ptr<Worker>> Worker::create(unsigned index, Shared& shared) {
  auto epoll = loop::Epoll::create();
  if (!epoll) return Failure(epoll.error());
  auto mailbox = loop::Mailbox::create();
  if (!mailbox) return Failure(mailbox.error());
  auto alarm = loop::Alarm::create();
  if (!alarm) return Failure(alarm.error());
  auto impl = std::make_unique<Impl>(index, std::move(*epoll), std::move(*mailbox), std::move(*alarm), shared);
  if (auto watched = impl->watch_own(); !watched) return Failure(watched.error());
  return std::unique_ptr<Worker>(new Worker(std::move(impl)));
}

void Worker::run() { impl_->run(); }

void Worker::serve(std::vector<Listening> listenings) {
  // A std::function must be copyable. The shared pointer avoids a copy of the list.
  auto list = std::make_shared<std::vector<Listening>>(std::move(listenings));
  impl_->mailbox().post([this, list = std::move(list)] { impl_->try_to_serve(std::move(*list)); });
}

void Worker::update(std::vector<std::shared_ptr<const upstream::Snapshot>> snapshots) {
  impl_->mailbox().post([this, snapshots = std::move(snapshots)] { impl_->try_to_update(snapshots); });
}

void Worker::drain(TimePoint at) {
  impl_->mailbox().post([this, at] { impl_->drain(at); });
}

void Worker::abort() {
  impl_->mailbox().post([this] { impl_->abort(); });
}

void Worker::beat() {
  impl_->mailbox().post([this] { impl_->counters.add(Count::beats); });
}

void Worker::post(std::function<void()> work) { impl_->mailbox().post(std::move(work)); }

std::chrono::nanoseconds Worker::cpu_time() const { return impl_->cpu_time(); }

void Worker::look(std::shared_ptr<const Look> look) {
  impl_->mailbox().post([this, look = std::move(look)] { impl_->inquiries().add(look); });
}

void Worker::end(std::shared_ptr<const EndOrder> order) {
  impl_->mailbox().post([this, order = std::move(order)] { impl_->inquiries().add(order); });
}

EventRing& Worker::events() { return impl_->events(); }

const Counters& Worker::counters() const { return impl_->counters; }

RecordRing& Worker::records() { return impl_->records(); }

}  // namespace lastbyte::relay
