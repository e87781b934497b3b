// A session in motion: two sockets, what termination says of them, and the bytes between. It carries out what
// termination decides and tells it what the kernel says; it decides nothing about endings itself.
//
// Theory of operation. epoll (edge-triggered) tells that something changed on a socket; the side remembers it in three
// flags (readable, writable, trouble) until a call says EAGAIN. progress() then moves bytes until nothing moves any
// more, feeding each finding (a FIN, an errno, bytes that wait, bytes acknowledged) to termination::step and carrying
// out its actions. Nothing here is called from inside itself: what ends a session marks it final, and the worker frees
// it after the round of events.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/descriptor.h"
#include "base/result.h"
#include "base/time.h"
#include "loop/timer_wheel.h"
#include "net/address/address.h"
#include "net/address/endpoint.h"
#include "net/socket/socket.h"
#include "net/unix/stream.h"
#include "relay/context/listener.h"
#include "relay/context/pools.h"
#include "relay/context/root_connection.h"
#include "relay/stream/greeting.h"
#include "relay/terms/record.h"
#include "termination/transition.h"
#include "upstream/attempts.h"

namespace lastbyte::relay {

struct Context;  // relay/context/context.h: what a worker lends its sessions

/// One socket of a session.
struct Side {
  Descriptor socket;
  net::Transport kind = net::Transport::tcp;  ///< see relay/stream/kinds.h
  int error = 0;                              ///< T10: the first errno, whichever call saw it
  bool readable = false;                      ///< a read may find something
  bool writable = false;                      ///< a write may be taken
  bool hung_up = false;       ///< RDHUP, HUP or ERR was seen: a short read does not mean that there is no more to find
  bool trouble = false;       ///< ERR was seen and its errno not yet
  bool fin_sent = false;      ///< shutdown(SHUT_WR) succeeded
  bool nodelay = false;       ///< TCP_NODELAY is set
  bool spliced_into = false;  ///< so that an error of it may have been lost: see errors.h
  bool fin_told = false;      ///< UNIX: epoll told of its FIN while the connection stood
  bool reset_told = false;    ///< ECONNRESET was met, by whichever call
  bool urgent = false;        ///< it has sent urgent data, at whose mark reads stop: see kinds.h
  bool urgent_is_inline = false;    ///< SO_OOBINLINE is set
  bool urgent_passed_over = false;  ///< some may have been lost before it was (T1), though counted by the kernel
  bool fast_open = false;           ///< its handshake may not be over yet although bytes move
  std::uint32_t most_in_one_send = kBlockSize;
  std::uint32_t descriptors = 0;     ///< passed on from it with its bytes (T14)
  std::uint32_t in_flight = 0;       ///< descriptors that were sent to it, and that it may not have received yet
  std::uint64_t received = 0;        ///< bytes read from it, thrown away or not
  std::uint64_t discarded = 0;       ///< of these, read only to be thrown away
  std::uint64_t dropped = 0;         ///< of these, read to be passed on and then given up
  std::uint64_t rescued = 0;         ///< of these, passed on after it had taken its last byte (T5)
  std::uint64_t sent = 0;            ///< bytes its socket has taken from us
  std::uint64_t unacknowledged = 0;  ///< of these, not acknowledged when last looked at, or when it was let go
  std::uint64_t queued = 0;          ///< in its send queue, or its peer's receive queue (UNIX), when last looked at
  std::optional<net::PeerCredentials> peer;  ///< of a UNIX side, once it was let go or has to do with descriptors
  Carrier carrier;                           ///< what came out of this side and waits for the other
};

/// Is its own timer, so that the wheel leads back to it without a pointer more in every session.
class Session : public boost::intrusive::list_base_hook<>, public loop::Timer {
 public:
  /// Takes a client that was just accepted. Call begin() next.
  Session(Context& context, ListenerState& listener, Descriptor client, const net::Address& client_address,
          std::uint64_t id);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Watches the client, and starts to connect or hears first who it is. May already end the session.
  void begin();
  /// What epoll reported of one socket.
  void on_events(termination::Which which, std::uint32_t events);
  /// Goes on where the budget of a round was used up.
  void on_turn();
  void on_timer();
  /// T15.
  void on_stop();
  void on_abort();

  [[nodiscard]] bool final() const { return termination::final(state_); }
  /// Precondition of these two: final().
  [[nodiscard]] Record record() const;
  /// A stop has reset it, on one side at least (T15).
  [[nodiscard]] bool stopped() const;
  [[nodiscard]] ListenerState& listener() const { return *listener_; }
  /// The peer's, or the one that its PROXY header told.
  [[nodiscard]] const net::Address& client_address() const { return client_address_; }
  /// Counted among its client's sessions (admission.h).
  [[nodiscard]] bool admitted() const { return admitted_; }

 private:
  using Which = termination::Which;
  Side& side(Which which) { return sides_[static_cast<std::size_t>(which)]; }
  [[nodiscard]] const Side& side(Which which) const { return sides_[static_cast<std::size_t>(which)]; }

  // session.cpp: termination's word and its execution
  void apply(termination::Event event, Which which);
  void carry_out(const termination::Step& step, Which which);
  void let_go(Which which, bool reset);
  void latch(Which which, int error);
  void progress();
  void take_turn();
  void report_trouble(Which which);
  void check_ack(Which which);
  bool takes_bytes(Which which);

  // greet.cpp: who the client is, by its PROXY header, and telling the upstream
  void greet();
  void on_greeting_events(std::uint32_t events);
  void hear_client(Coming coming);
  void act_on(const Heard& heard, Coming coming, std::size_t seen);
  bool read_of_header(std::span<std::byte> room);
  void take_header(const net::proxy_protocol::Header& header, std::size_t seen);
  void let_in();
  void reject_greeting(std::string why, termination::Event event = termination::Event::rejected);
  void reject(std::string why, termination::Event event = termination::Event::rejected);
  bool make_preface();
  void prepare_preface();
  bool send_preface();
  [[nodiscard]] bool has_preface() const {
    return greeting_ && greeting_->owed && greeting_->sent < greeting_->preface.size();
  }
  [[nodiscard]] std::uint64_t preface_sent() const { return greeting_ ? greeting_->sent : 0; }

  // connect.cpp: reaching the upstream (T3)
  void start_upstream();
  void try_next_address();
  Result<net::Connecting> start_connecting(const net::Address& to);
  template <typename Start>
  Result<net::Connecting> with_spare(Start start);
  bool take_connection(net::Connecting connecting);
  bool waits_after(int error);
  void wait_for_root(const net::Address& to);
  void hear_of_root();
  std::span<const std::byte> early_data();
  void take_early_data();
  void count_early_data();
  void on_connecting_events(std::uint32_t events);
  void connection_made();
  void try_failed(int error);
  void wait_for_backlog();
  void try_same_address();
  void on_early_client_events(std::uint32_t events);
  void client_failed_early(int error);
  void fin_aborts();
  void connected();

  // pump.cpp: moving bytes from one side to the other
  void pump(Which source);
  bool flush(Which source);
  bool read_and_discard(Which source);
  bool read_and_copy(Which source);
  bool read_and_splice(Which source);
  bool input_ended(Which source, ssize_t result);
  bool take_pipe(Which source);
  void give_pipe_back(Which source);
  void count_received(Which source, std::size_t bytes);
  std::size_t write(Which source, std::span<const std::byte> bytes);
  void write_from_pipe(Which source);
  void write_failed(Which sink, int error);
  void count_sent(Which source, std::size_t bytes);
  void drop_waiting(Which source);

  // descriptors.cpp: those that travel with the bytes from one UNIX side to the other (T14)
  bool read_with_descriptors(Which source);
  bool pass_descriptors(Which source, std::size_t most);
  bool pass_on(Which source, std::span<const std::byte> bytes, std::size_t written);
  void descriptors_lost(Which source, int error, const char* what);
  bool may_send_descriptors(Which sink);
  void not_in_flight(Which sink, std::size_t count);
  void look_for_received(Which sink);
  void forget_in_flight(Which sink);
  uid_t client_user();

  // no_fin.cpp: a side whose socket knows no FIN
  bool no_datagram(Which source, int error);
  void end_unwanted_datagrams(Which which);
  [[nodiscard]] TimePoint end_of_silence() const;

  // deadlines.cpp: the one deadline and the polls beside it (T8)
  void arm();
  void set_timer();
  [[nodiscard]] bool agrees_with_state() const;
  [[nodiscard]] TimePoint deadline_time(termination::Deadline deadline) const;
  [[nodiscard]] std::optional<TimePoint> look_time(termination::Deadline deadline) const;
  bool peers_are_slow(termination::Deadline deadline);
  void settle_in();

  Context& context_;
  ListenerPtr listener_;
  Welcome welcome_;
  termination::Session state_;
  std::array<Side, 2> sides_;
  net::Address client_address_;
  std::unique_ptr<RootConnection> awaited_;  ///< while another root's thread connects to the upstream
  std::unique_ptr<Greeting> greeting_;       ///< null where nobody tells and nobody is told
  std::uint64_t id_;
  upstream::Attempts attempts_;
  std::size_t budget_ = 0;  ///< bytes this session may still move in this round (T12)

  TimePoint started_;
  TimePoint tries_began_;  ///< what limits.connect goes by
  TimePoint connected_{};
  TimePoint ended_{};
  TimePoint last_activity_;    ///< a byte moved on, or was acknowledged; what is thrown away does not count
  TimePoint looked_{};         ///< when what lies in the send queues was last looked at, for a limit on silence
  TimePoint last_heard_{};     ///< a byte came that was thrown away: what linger.timeout goes by
  TimePoint failed_{};         ///< when a side's input failed: begin of the reset flush
  TimePoint lingering_{};      ///< begin of the lingering
  TimePoint try_until_{};      ///< end of the connection attempt under way, or of the pause before the next
  Duration backlog_pause_{0};  ///< for a full backlog; zero: none
  TimePoint ack_poll_{};       ///< next look at what is unacknowledged; zero: none due
  Duration ack_poll_interval_{0};
  /// Bytes that went with the SYN: of the preface, or else of the client's, whose queue has them still.
  std::uint32_t early_ = 0;
  termination::Deadline armed_ = termination::Deadline::none;
  bool admitted_ = false;
  bool settled_in_ = false;  ///< socket options for long sessions are set
  bool queued_for_turn_ = false;
  bool waits_for_share_ = false;  ///< descriptors are ahead, and as many are in flight as may be
};

using SessionList = boost::intrusive::list<Session>;

}  // namespace lastbyte::relay
