// Relays datagrams (UDP to UDP). Each worker has one relay, beside its stream sessions.
//
// Theory of operation. A client is a source address that wrote to one of our addresses at one listening socket. Its
// first datagram begins a session with a connected upstream socket of its own. Datagrams are received in batches into
// the worker's inbox and sent in batches from its outbox, without a copy in between: datagrams of one session that may
// share a send do so (runs.h). A datagram that the kernel does not accept is dropped and counted. Nothing waits here,
// so nothing grows, and the order of one session's datagrams is kept.
//
// Replies of a round are collected and sent together at its end, or earlier if the inbox fills up. A session that has
// ended is freed at the end of the round, because events of that round may still point to it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "loop/timer_wheel.h"
#include "net/datagram/io.h"
#include "relay/context/context.h"
#include "relay/context/listening.h"
#include "relay/datagram/session.h"
#include "relay/terms/counters.h"
#include "relay/terms/view.h"

namespace lastbyte::relay {

class DatagramRelay {
 public:
  /// The services that its worker provides.
  struct Host {
    Context& context;
    Counters& counters;
    std::function<void(const Record&)> began;  ///< reports that a session has begun: its id, names, start and client
    std::function<void(const Record&)> file;   ///< hands a session's record to the log
    std::function<void(DatagramSession&)> leaves;  ///< called before a session leaves sessions()
    /// Reports a shortage to the operator, once, in these words. Never throws.
    std::function<void(const std::function<std::string()>&)> report_shortage;
  };

  explicit DatagramRelay(Host host);
  ~DatagramRelay();
  DatagramRelay(const DatagramRelay&) = delete;
  DatagramRelay& operator=(const DatagramRelay&) = delete;

  /// Does what Worker::serve() says, for UDP ports. A session continues in both directions, with its own settings, if
  /// its socket stays under other settings or has a successor on the very same address, and if the new settings still
  /// include its upstream's address. Otherwise its client's next datagram begins another session. If a socket is no
  /// longer named, the datagrams in its queue are still served. A session that parts from its client in this way goes
  /// on receiving from its upstream, for an answer that may be owed. Throws if memory is short, and changes nothing
  /// then.
  void serve(std::vector<Listening> listenings, unsigned worker);
  /// See Worker::update().
  void update(const std::vector<std::shared_ptr<const upstream::Snapshot>>& snapshots);
  /// Takes no more clients, but still serves the datagrams in the sockets' queues. Sessions have until `at` to end, and
  /// go on receiving from their upstreams meanwhile (T15).
  void drain(TimePoint at);
  /// Ends all sessions now.
  void abort();
  /// Whether no session is open.
  [[nodiscard]] bool idle() const;

  /// Visits all open sessions that still hear their clients.
  void for_each_session(const std::function<void(ListenerState&, const net::Address& client)>& visit);

  /// All open sessions.
  [[nodiscard]] DatagramSessions& sessions() { return sessions_; }
  /// `today` is the current time.
  [[nodiscard]] SessionView view(const DatagramSession& session, std::chrono::system_clock::time_point today) const;
  /// Ends an open session for an operator. Its client's next datagram begins another one.
  void end(DatagramSession& session) { finish(session, DatagramEnd::stopped); }

  // From the loop:
  /// Called when datagrams have arrived from clients.
  void on_clients(DatagramSocket& at);
  /// Called when answers have arrived, or an error.
  void on_upstream(DatagramSession& session);
  /// Called when timer() is due.
  void on_timer();
  [[nodiscard]] const loop::Timer* timer() const { return &timer_; }
  /// Called once a round, after its events and timers.
  void end_round();

 private:
  using Which = termination::Which;
  struct Boxes;

  // relay.cpp: moving datagrams
  bool receive_from_clients(DatagramSocket& at);
  int receive_from_upstream(DatagramSession& session);
  void count(DatagramSession& session, Which source, const net::Arrival& arrival);
  void forward(DatagramSession& session);
  void send_runs(DatagramSession& session, Which sink, std::span<const std::size_t> slots);
  void send_out();
  void flush();
  bool send_failed(std::size_t message, int error);
  void send_singly(std::size_t message);
  void drop(DatagramSession& session, Which source, std::size_t datagrams, std::size_t bytes);
  void upstream_error(DatagramSession& session, int error);
  void upstream_failed(DatagramSession& session, int error);

  // ports.cpp: what is served
  using Known = std::unordered_map<const Descriptor*, DatagramSocket*>;
  [[nodiscard]] Known known_sockets() const;
  static DatagramGroup* group_of(std::span<const Listening> ports, const Known& known);
  std::unique_ptr<DatagramGroup> make_group(std::span<Listening> ports, unsigned worker);
  using ByAddress = std::unordered_map<net::Address, DatagramSocket*, net::AddressHash>;
  static ByAddress leaving_sockets(const Known& known, const Known& served);
  void take_over(DatagramGroup& group, const Known& known, const ByAddress& leaving);
  void adopt(DatagramSocket& socket, DatagramSocket& before);
  void supersede(DatagramGroup& group, const Known& served);
  void part(DatagramGroup& group, const Known& served);
  void part(DatagramSession& session);
  void watch(DatagramSocket& socket);
  void stop_hearing(DatagramSocket& socket);
  void bury_groups();

  // members.cpp: members of groups
  [[nodiscard]] static bool is_member(const DatagramSession& session, const upstream::Snapshot& snapshot);
  bool next_member(DatagramSession& session);
  Result<void> connect_to_next(DatagramSession& session);
  bool go_on_to_next(DatagramSession& session, int error);
  void pass_over_address(DatagramSession& session);
  void leave_member(DatagramSession& session);
  void leave_group(DatagramSession& session, DatagramEnd end);
  void tell(const DatagramSession& session, upstream::Observation::What what);
  void list_try(DatagramSession& session, TryEnd end, int error);

  // sessions.cpp: beginning, ending, time
  DatagramSession* session_for(DatagramSocket& at, std::size_t slot);
  DatagramSession* begin(DatagramSocket& at, const DatagramKey& key);
  DatagramSession* make_session(DatagramSocket& at, const DatagramKey& key);
  bool admit(DatagramSocket& at, const net::Address& client);
  bool make_room(DatagramSocket& at);
  [[nodiscard]] bool has_source(const DatagramSocket& at, const net::Address& client) const;
  Result<Descriptor> open_upstream(DatagramSocket& at, const net::Address& to, const net::Address& client,
                                   const MemberConnect* member = nullptr);
  bool connect(DatagramSession& session);
  void connect_failed(DatagramGroup& group, const Error& error);
  template <typename Words>
  void pause_clients(DatagramGroup& group, const Words& why);
  template <typename Words>
  void report_refusal(DatagramGroup& group, const Words& why);
  void finish(DatagramSession& session, DatagramEnd end);
  [[nodiscard]] Record record(const DatagramSession& session, DatagramEnd end) const;
  void finish_failed();
  void retire(DatagramGroup& group, const DatagramStop& stop);
  void heard_upstream(DatagramSession& session);
  void expire(DatagramGroup& group);
  [[nodiscard]] TimePoint next_deadline(DatagramGroup& group);
  void wake_at(TimePoint at);

  Host host_;
  Context& context_;
  std::unique_ptr<Boxes> boxes_;  ///< null while there is nothing to serve
  std::vector<std::unique_ptr<DatagramGroup>> groups_;
  bool any_over_ = false;  ///< a group may be over: it takes no more clients and has no session left
  std::uint32_t sockets_made_ = 0;
  loop::Timer timer_;
  AcceptBackoff backoff_;
  TimePoint no_clients_until_{};           ///< set after a shortage of descriptors or memory
  std::vector<DatagramSession*> touched_;  ///< sessions that got datagrams in this batch: no more than there are slots
  FailedDatagramSessions failed_;          ///< to be ended once the datagrams of their upstreams are delivered
  DatagramSessions sessions_;
  DatagramSessions ended_;  ///< freed at the end of the round
};

}  // namespace lastbyte::relay
