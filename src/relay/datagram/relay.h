// Datagrams in motion (UDP to UDP): one a worker, beside its sessions of streams.
//
// Theory of operation. A client is a source address that wrote to one of our addresses at one listening socket; its
// first datagram begins a session with a connected upstream socket of its own. Datagrams are received many at a time
// into the worker's inbox and sent many at a time from its outbox, without being copied in between: those of one
// session that may go in one call go so (datagram_runs.h). A datagram that the kernel does not take is dropped and
// counted. Nothing waits here, so that nothing grows, and the order of one session's datagrams is kept.
//
// Replies of a round are collected and sent together at its end, or earlier when the inbox is full. A session that has
// ended is freed at the end of the round, since events of that round may still point to it.
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
  /// The services of its worker.
  struct Host {
    Context& context;
    Counters& counters;
    std::function<void(const Record&)> began;  ///< a session has begun: its id, names, start and client
    std::function<void(const Record&)> file;   ///< a session's record, on its way to the log
    /// Tells the operator of a shortage, once, in these words. Never throws.
    std::function<void(const std::function<std::string()>&)> report_shortage;
  };

  explicit DatagramRelay(Host host);
  ~DatagramRelay();
  DatagramRelay(const DatagramRelay&) = delete;
  DatagramRelay& operator=(const DatagramRelay&) = delete;

  /// As Worker::serve(), of ports of UDP. A session whose socket goes on under other settings, or has a successor on
  /// its very address, goes on in both directions, with its own, where its upstream's address is still one of the new
  /// settings'; otherwise its client's next datagram begins another one. From a socket that is no longer named, what
  /// lies in it is served. A session that parts from its client so goes on hearing its upstream for the answer that may
  /// be owed.
  /// Where memory is short it throws, and all is as before.
  void serve(std::vector<Listening> listenings, unsigned worker);
  /// As Worker::update().
  void update(const std::vector<std::shared_ptr<const upstream::Snapshot>>& snapshots);
  /// Takes no more clients; what lies in the sockets is still served. Sessions may end until `at`, and go on hearing
  /// their upstreams meanwhile (T15).
  void drain(TimePoint at);
  /// Ends all sessions now.
  void abort();
  /// No session is open.
  [[nodiscard]] bool idle() const;

  /// Of all sessions that are open.
  void for_each_session(const std::function<void(ListenerState&, const net::Address& client)>& visit);

  /// Of at most `most` open sessions, or of the one of that number. `today` is this moment.
  void view_sessions(std::optional<std::uint64_t> id, std::size_t most, std::chrono::system_clock::time_point today,
                     const std::function<void(SessionView)>& visit);
  /// Ends open sessions for an operator, at most `most` of them: the one of that number, or those that began under the
  /// forwarding. The next datagram of a client begins another one. Returns how many.
  std::size_t end_sessions(std::optional<std::uint64_t> id, const std::optional<std::string>& forwarding,
                           std::size_t most);

  // From the loop:
  /// Datagrams have come from clients.
  void on_clients(DatagramSocket& at);
  /// Answers have, or an error.
  void on_upstream(DatagramSession& session);
  /// When timer() is due.
  void on_timer();
  [[nodiscard]] const loop::Timer* timer() const { return &timer_; }
  /// Once a round, after its events and timers.
  void end_round();

 private:
  using Which = termination::Which;
  struct Boxes;

  // datagram_relay.cpp: moving datagrams
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

  // datagram_ports.cpp: what is served
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

  // datagram_sessions.cpp: beginning, ending, time
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
  bool any_over_ = false;  ///< of the groups: one may take no more clients and have no more sessions
  std::uint32_t sockets_made_ = 0;
  loop::Timer timer_;
  AcceptBackoff backoff_;
  TimePoint no_clients_until_{};           ///< the process was short of descriptors or memory
  std::vector<DatagramSession*> touched_;  ///< sessions that something came for in this batch: no more than slots
  FailedDatagramSessions failed_;          ///< to be ended once what their upstreams said is delivered
  EndedDatagramSessions ended_;            ///< freed at the end of the round
};

}  // namespace lastbyte::relay
