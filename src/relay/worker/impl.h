// A worker's parts and their order. Private to this folder.
#pragma once

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/memory.h"
#include "loop/alarm.h"
#include "loop/mailbox.h"
#include "relay/context/admission.h"
#include "relay/context/context.h"
#include "relay/context/listener.h"
#include "relay/datagram/relay.h"
#include "relay/reach/leftovers.h"
#include "relay/stream/greeting.h"
#include "relay/stream/session.h"
#include "relay/worker/acceptor.h"
#include "relay/worker/cpu_clock.h"
#include "relay/worker/group_changes.h"
#include "relay/worker/inquiries.h"
#include "relay/worker/walk.h"
#include "relay/worker/worker.h"

namespace lastbyte::relay {

inline constexpr std::size_t kEventsPerRound = 256;

class Worker::Impl {
  using Reserve = std::array<std::byte, 16 * 1024>;

 public:
  Impl(unsigned index, loop::Epoll epoll, std::unique_ptr<loop::Mailbox> mailbox, loop::Alarm alarm, Shared& shared)
      : index_(index),
        shared_(shared),
        alarm_(std::move(alarm)),
        context_(std::move(epoll), std::move(mailbox), shared, counters, Clock::now(), index),
        records_(shared.record_ring_capacity),
        events_ring_(shared.event_ring_capacity),
        acceptor_({.context = context_,
                   .counters = counters,
                   .worker = index,
                   .begin = [this](ListenerState& state, Descriptor& client,
                                   const net::Address& address) { return begin(state, client, address); },
                   .report_shortage = [this](const std::function<std::string()>& words) { report_shortage(words); }}),
        datagrams_({.context = context_,
                    .counters = counters,
                    .began = [this](const Record& record) { began(record, true); },
                    .file =
                        [this](const Record& record) {
                          tell_event({.record = record});
                          file(record);
                        },
                    .leaves = [this](DatagramSession& session) { inquiries_.leaves(session); },
                    .report_shortage = [this](const std::function<std::string()>& words) { report_shortage(words); }}) {
    context_.leftovers = &leftovers_;
    shared_.queues.join(
        index, [this](std::uint64_t group) { context_.mailbox->post([this, group] { groups_.room(group); }); });
  }
  ~Impl() {
    shared_.queues.part(index_);
    sessions_.clear_and_dispose([](Session* session) { delete session; });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Watches the worker's own descriptors: the mailbox and the alarm.
  Result<void> watch_own();
  void run();
  void try_to_serve(std::vector<Listening> listenings);
  void try_to_update(const GroupChanges::Snapshots& snapshots);
  void drain(TimePoint at);
  void abort();

  Counters counters;
  loop::Mailbox& mailbox() { return *context_.mailbox; }
  RecordRing& records() { return records_; }
  EventRing& events() { return events_ring_; }
  Inquiries& inquiries() { return inquiries_; }
  [[nodiscard]] std::chrono::nanoseconds cpu_time() const { return clock_.used(); }

 private:
  void batch_sends();
  void round();
  bool wait_and_dispatch(int timeout_ms);
  void correct_times(std::span<const epoll_event> events, TimePoint ended);
  [[nodiscard]] int timeout_ms(std::optional<TimePoint> due);
  /// When the next timer is due; nullopt: no timer is set.
  [[nodiscard]] std::optional<TimePoint> due() const;
  void dispatch(const epoll_event& event);
  void expire();
  void take_turns();

  void update(const GroupChanges::Snapshots& snapshots);
  void serve(std::vector<Listening> listenings);
  bool begin(ListenerState& state, Descriptor& client, const net::Address& address);
  template <typename Words>
  void report_shortage(const Words& words);
  void count_known_clients(const std::unordered_set<const ForwardingCounts*>& limited);

  void file(const Record& record);
  void push(const Record& record);
  void began(const Record& record, bool datagrams);
  void schedule_progress();
  void look_at_progress();
  void tell_event(const SessionEvent& event);
  template <typename Work>
  void attempt(Session& session, Work work);
  void finish(Session& session);
  void bury();

  unsigned index_;
  CpuClock clock_;
  Shared& shared_;
  loop::Alarm alarm_;
  Context context_;
  RecordRing records_;
  EventRing events_ring_;
  loop::Timer calm_timer_;      ///< when to check whether a shortage is over
  loop::Timer progress_timer_;  ///< when to look at all sessions for their progress records
  TimePoint progress_looked_at_{};
  /// Memory freed before a shortage is reported, so that there is enough for the log line. Null: it was used.
  std::unique_ptr<Reserve> reserve_;
  SessionList sessions_;
  SessionList ended_;  ///< freed at the end of the round: events of this round may still point to them
  Walk<SessionList> walk_{sessions_};
  Leftovers leftovers_{context_};
  GroupChanges groups_{context_, sessions_,
                       [this](Session& session, const std::function<void()>& work) { attempt(session, work); }};
  bool pushed_records_ = false;
  Acceptor acceptor_;
  DatagramRelay datagrams_;
  Inquiries inquiries_{
      {.context = context_,
       .sessions = sessions_,
       .datagrams = datagrams_,
       .attempt = [this](Session& session, const std::function<void()>& work) { attempt(session, work); }}};
  std::array<epoll_event, kEventsPerRound> events_;
};

}  // namespace lastbyte::relay
