// A stream session: two sockets, their termination state, and the bytes in between. The session carries out what
// termination decides, and reports to termination what its parts find. It decides nothing about endings itself.
//
// Theory of operation. epoll (edge-triggered) reports a change on a socket; the side's Readiness keeps it until a call
// returns EAGAIN. progress() then steps the flows until nothing moves any more, reports each finding to termination (a
// FIN, an errno, bytes that wait, bytes acknowledged), and carries out its actions. No part calls the session back, so
// nothing changes under a part while it runs. A session that has ended is final, and the worker frees it after the
// round of events.
//
// The parts, each testable without a kernel or a daemon: Side (readiness, ledger, quirks), Flow (moves one direction),
// Reach (the tries to connect), Greeting and hear_client() (PROXY headers), Times (deadlines), Evidence (the record).
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "loop/timer_wheel.h"
#include "net/address/address.h"
#include "net/transport/connect.h"
#include "relay/context/listener.h"
#include "relay/context/root_connection.h"
#include "relay/reach/leftovers.h"
#include "relay/reach/reach.h"
#include "relay/side/side.h"
#include "relay/stream/evidence.h"
#include "relay/stream/flow.h"
#include "relay/stream/greeting.h"
#include "relay/stream/introduction.h"
#include "relay/stream/times.h"
#include "relay/terms/record.h"
#include "relay/terms/seen_reset.h"
#include "relay/terms/view.h"
#include "termination/transition.h"

namespace lastbyte::relay {

struct Context;  // relay/context/context.h: what a worker lends its sessions

/// The session is its own timer, which saves a pointer from the timer back to the session.
class Session : public boost::intrusive::list_base_hook<>, public loop::Timer {
 public:
  /// Takes over a client that was just accepted. Call begin() next.
  Session(Context& context, ListenerState& listener, Descriptor client, const net::Address& client_address,
          std::uint64_t id);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Watches the client, and either connects to the upstream or first waits for the PROXY header. May already end the
  /// session.
  void begin();
  /// Handles events that epoll reported for one socket.
  void on_events(termination::Which which, std::uint32_t events);
  /// Handles the outcome of a batched send of this session.
  void on_sent(const SendBatch::Settled& sent);
  /// Continues after the budget of a round was used up.
  void on_turn();
  /// Corrects the times of a round that took long. The session's stamps of that round are `begun`, but the bytes may
  /// have arrived at any time until `ended` (T8).
  void was_held_up(TimePoint begun, TimePoint ended);
  void on_timer();
  /// Handles events that epoll reported for a rival connection attempt of this session.
  void on_rival(Rival& rival, std::uint32_t events);
  /// Called when a member of the group may have room. True: this session has left the queue.
  bool on_room();
  /// Takes the newest snapshot of the session's group.
  void on_group(const upstream::Snapshot& newest);
  /// The id of its group; 0: none.
  [[nodiscard]] std::uint64_t group() const { return reach_.group() == nullptr ? 0 : reach_.group()->snapshot().id; }
  /// T15.
  void on_stop();
  /// Stops this session alone; it may finish until `by`.
  void on_close(TimePoint by);
  void on_abort();
  /// Called after an allocation failed in one of the calls above, which left the session in the middle of it. Never
  /// throws.
  void on_no_memory();

  [[nodiscard]] bool final() const { return termination::final(state_); }
  /// Precondition: final().
  [[nodiscard]] Record record() const;
  /// Returns the entries of the trail.
  [[nodiscard]] std::vector<TrailEntry> trail() const;
  /// Adds to the forwarding's figures what they do not include yet; `record` is the session's. Precondition: final().
  void count_ended(const Record& record);
  /// Whether a stop has reset at least one side (T15). Precondition: final().
  [[nodiscard]] bool stopped() const;
  [[nodiscard]] ListenerState& listener() const { return *listener_; }
  enum class Detail : std::uint8_t {
    figures,  ///< makes no system call
    queues,   ///< also looks at the send queues
    whole,    ///< also includes the trail and the sockets
  };
  /// Precondition: not final(). `today` is this moment.
  [[nodiscard]] SessionView view(Detail detail, std::chrono::system_clock::time_point today);
  [[nodiscard]] std::uint64_t id() const { return id_; }
  /// A record of its id, names, start and client.
  [[nodiscard]] Record beginning() const;
  /// The peer's address, or the one in its PROXY header.
  [[nodiscard]] const net::Address& client_address() const { return client_address_; }
  /// Whether it counts among its client's sessions (admission.h).
  [[nodiscard]] bool admitted() const { return admitted_; }

 private:
  using Which = termination::Which;
  Side& side(Which which) { return sides_[static_cast<std::size_t>(which)]; }
  [[nodiscard]] const Side& side(Which which) const { return sides_[static_cast<std::size_t>(which)]; }

  // session_view.cpp: which end reset a connection
  [[nodiscard]] bool ends_badly(Which which, bool reset) const;
  [[nodiscard]] bool bad_ends_matter() const;
  [[nodiscard]] bool has_told_of_reset(const Side& ended) const;
  [[nodiscard]] SocketName name_of_bad_end(const Side& ended) const;
  void note_failed_try(const Side& tried);
  void note_bad_end(Which which, SocketName socket, bool on_purpose);
  void keep_bad_end(Which which, SeenReset seen, const SocketName& socket);

  // session.cpp: events for termination, and carrying out its actions
  void apply(termination::Event event, Which which);
  void note(const termination::Session& before, const termination::Step& step);
  void show(Phase phase);
  void account();
  void abandon(Abandoned why);
  void carry_out(const termination::Step& step, Which which, bool all_acknowledged);
  void release(Which which, bool reset, bool all_acknowledged);
  void progress();
  void go_on();
  void take_back_send();
  void take_turn();
  /// Whether its events wait until those of other sessions are dispatched (T12).
  [[nodiscard]] bool is_bulk() const { return sides_[0].carrier.bulk || sides_[1].carrier.bulk; }
  [[nodiscard]] bool has_work(Which source) const { return side(source).ready.readable || state_.side(source).pending; }
  void pump(Which source);
  bool act_on(const Finding& finding, Which source);
  [[nodiscard]] termination::Event meaning_of(termination::Event end, Which source) const;
  void report_trouble(Which which);
  void check_ack(Which which);
  void end_unwanted_datagrams();
  [[nodiscard]] Flow flow(Which source);
  [[nodiscard]] std::chrono::microseconds age() const;
  [[nodiscard]] Share share();
  [[nodiscard]] bool has_preface() const { return greeting_ && greeting_->preface.waits(); }
  /// Whether bytes from that side wait anywhere, owed or not.
  [[nodiscard]] bool holds_bytes(Which source) const {
    return !side(source).carrier.empty() || (source == Which::client && has_preface());
  }
  [[nodiscard]] bool agrees_with_state() const;

  // session_begin.cpp: who the client is, and reaching the upstream (T3)
  void hear(Coming coming);
  void identify(const net::proxy_protocol::Header& header);
  void let_in();
  void reject_greeting(std::string why, termination::Event event = termination::Event::rejected);
  void reject(std::string why, termination::Event event = termination::Event::rejected);
  void start_upstream();
  void await_data();
  void reach_upstream();
  void try_next_address();
  Result<net::Connecting> start_connecting(const net::Address& to);
  template <typename Start>
  Result<net::Connecting> with_spare(Start start);
  bool take_connection(net::Connecting connecting);
  bool waits_after(int error);
  void wait_for_root();
  void hear_of_root();
  void on_connecting_events(std::uint32_t events);
  void connection_made();
  void try_failed(int error);
  void connected(int error = 0);
  void conclude_handshake();
  void on_early_client_events(std::uint32_t events);
  void client_failed_early(int error);
  void fin_aborts();
  bool make_preface();
  void owe_preface();
  [[nodiscard]] const net::ConnectOptions& upstream_options() const;
  std::span<const std::byte> early_data();
  void pass_early_data();
  void count_early_data();

  // session_group.cpp: trying to reach a member of a group
  void pursue();
  void begin_try(const upstream::Move& move);
  void add_rival(net::Connecting connecting, std::uint32_t address);
  void promote(Rival& rival, int error);
  void lose_own();
  void own_failed(int error);
  void tries_overdue();
  void member_connected();
  void part_from_group();
  [[nodiscard]] std::optional<upstream::Observation::What> observation() const;

  // session_trial.cpp: a request that may be replayed (T3)
  [[nodiscard]] bool on_trial() const { return reach_.group() != nullptr && reach_.group()->trial.on; }
  [[nodiscard]] bool wants_trial() const;
  void begin_trial(int error);
  void play_trial();
  bool play_preface();
  bool play_request();
  void on_trial_events(std::uint32_t events);
  void write_failed_on_trial(int error);
  void trial_failed(int error);
  void end_trial(int error = 0);

  // session_time.cpp: the one deadline and the polls beside it (T8)
  void arm();
  void set_timer();
  [[nodiscard]] Bounds bounds() const;
  /// When the drain time of the process or of this session ends, whichever is earlier.
  [[nodiscard]] std::optional<TimePoint> drain_at() const;
  [[nodiscard]] TimePoint end_of_silence() const;
  [[nodiscard]] std::optional<TimePoint> look_at(termination::Deadline deadline, const Bounds& bounds) const;
  void trial_times_out();
  bool peers_are_slow(termination::Deadline deadline);
  bool peers_have_spoken(termination::Deadline deadline);

  Context& context_;
  ListenerPtr listener_;
  // Small members are grouped to keep a session below 700 bytes.
  termination::Session state_;
  std::uint16_t steps_ = 0;        ///< counts termination's steps, to see whether one was taken
  std::uint16_t armed_steps_ = 0;  ///< the value of steps_ when the timer was set
  termination::Deadline armed_ = termination::Deadline::none;
  Welcome welcome_;
  Phase phase_;  ///< as counted in the figures
  std::array<Side, 2> sides_;
  net::Address client_address_;
  std::unique_ptr<RootConnection> awaited_;          ///< set while another root's thread connects to the upstream
  std::unique_ptr<Greeting> greeting_;               ///< null without PROXY headers on either side
  std::unique_ptr<std::array<BadEnd, 2>> bad_ends_;  ///< null: both sides ended well, or nobody wants to know
  Reach reach_;
  Times times_;
  AckPoll ack_poll_;
  std::uint64_t id_;
  TimePoint own_drain_at_ = TimePoint::max();
  Trail trail_;
  std::size_t budget_ = 0;                    ///< bytes this session may still move in this round (T12)
  std::array<std::uint64_t, 2> accounted_{};  ///< bytes received from each side that the figures include
  /// Bytes that went with the SYN: those of the preface, or else the client's, which are still in its receive queue.
  std::uint32_t early_ = 0;
  Abandoned abandoned_ = Abandoned::no;
  bool admitted_ : 1 = false;
  bool has_long_lived_options_ : 1 = false;  ///< socket options for long sessions are set
  bool queued_for_turn_ : 1 = false;
  bool owes_ack_ : 1 = false;    ///< the upstream is connected, but may not know it yet
  bool looks_soon_ : 1 = false;  ///< the timer is set again after each event, even if the deadline is the same
  bool sends_ : 1 = false;       ///< a send is in the worker's batch; the session does nothing else until it is settled
  bool pursues_ = false;         ///< pursue() is running
  bool waits_for_share_ = false;  ///< descriptors are next in the input, but too many are in flight
};

using SessionList = boost::intrusive::list<Session>;

}  // namespace lastbyte::relay
