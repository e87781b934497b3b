// Where an experiment is played: two hosts in network namespaces of their own, every packet between them captured, and
// a time line.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "kernel/proc/counters.h"
#include "lab/stage/socket.h"
#include "lab/stage/tracepoints.h"
#include "lab/terms/outcome.h"
#include "lab/terms/trials.h"
#include "net/address/address.h"
#include "wire/capture/capture.h"
#include "wire/capture/segment.h"

namespace lastbyte::lab {

/// One experiment's, and one thread's, but for note().
class Stage {
 public:
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Makes the networks. Needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_ADMIN, as within a user namespace of its own.
  static Result<std::unique_ptr<Stage>> make(Medium medium, const Trials& trials = {});

  [[nodiscard]] Medium medium() const { return medium_; }
  [[nodiscard]] const Trials& trials() const { return trials_; }
  [[nodiscard]] int network(Who who) const;
  [[nodiscard]] net::Address address(Who who, std::uint16_t port = 0) const;
  /// Gives the host one more IPv4 address. False: the kernel refused it.
  bool add_address(Who who, const std::string& ip);

  /// What follows belongs to a scene of this name. The first is the one that reports show.
  void scene(const std::string& name);

  /// A non-blocking TCP socket of that host.
  Socket socket(Who who, int family = 2 /* AF_INET */);
  /// One that listens at a port of the kernel's choice.
  Socket listener(Who who = Who::server, int backlog = 16);
  struct Pair {
    Socket client;
    Socket server;
  };
  /// A new connection. `window`: SO_RCVBUF of both, 0 leaves it.
  Pair pair(int client_window = 0, int server_window = 0);

  /// Segments from and to this port belong to the present scene, and this host sends from it.
  void own_port(Who who, std::uint16_t port);

  /// The interface that packets of that host pass: "lo", or its end of the veth.
  [[nodiscard]] std::string device(Who who) const;

  // What was seen of a row of the table.
  void see(const std::string& row, const std::string& value);
  void not_observed(const std::string& row, const std::string& why);
  /// Sees the reason that the kernel tells for the first reset that the host has sent in this scene:
  /// "TCP_ABORT_ON_CLOSE", "no reset". Not observed where no program can be attached to its tracepoints.
  void see_reset_reason(const std::string& row, Who who);
  /// A figure of this run, which is reported and not compared.
  void measured(const std::string& name, const std::string& value);
  /// Counted beside the rows.
  void measure(Measurement measurement) { measurement_ = std::move(measurement); }

  /// On the time line, now or at the time. Any thread.
  void note(Who who, EventKind kind, const std::string& text);
  void note_at(wire::Moment at, Who who, EventKind kind, const std::string& text);

  /// Waits until nothing has come for 20 ms, and returns the scene's segments so far.
  const std::vector<wire::Segment>& segments();
  /// What ended a connection on the wire, as this host sent it: "FIN", "FIN, RST", "RST", "nothing".
  std::string endings(Who from);

  /// One of the host's settings: "net.ipv4.tcp_tw_reuse" as "tcp_tw_reuse". False: it cannot be set.
  bool set_kernel(Who who, const std::string& name, const std::string& value);
  /// The same, read; empty: there is none.
  std::string kernel_setting(Who who, const std::string& name);
  /// By how much a counter of that host has risen since the scene began.
  [[nodiscard]] std::int64_t risen(Who who, const std::string& counter);
  /// Runs in the host's network namespace.
  void inside(Who who, const std::function<void()>& function);
  /// The states that sockets of a host with this local port are in, TIME_WAIT too, each once: "ESTABLISHED TIME_WAIT".
  std::string states(Who who, std::uint16_t local_port);
  /// How many of them are in that state.
  std::size_t sockets_in(Who who, std::uint16_t local_port, const std::string& state);
  /// The same until it is what is awaited, for five seconds at most.
  std::string await_states(Who who, std::uint16_t local_port, const std::string& wanted);
  /// The same until none of them passes by itself: LISTEN, TIME_WAIT, none.
  std::string await_settled(Who who, std::uint16_t local_port);
  /// The same until none of them listens.
  std::string await_no_listener(Who who, std::uint16_t local_port);
  using Ports = std::pair<std::uint16_t, std::uint16_t>;  ///< local, remote
  /// The sockets of that host that a process has: none that is closed, and none that waits to be accepted.
  std::set<Ports> held(Who who);

  /// All scenes with their packets, once.
  Outcome finish(const Experiment& experiment);

 private:
  struct Taken {
    wire::Packet packet;
    std::optional<wire::Segment> segment;
  };
  /// Of the kernel's table of TCP sockets.
  struct TableRow {
    unsigned local_port = 0;
    unsigned remote_port = 0;
    unsigned state = 0;
    unsigned long inode = 0;
  };
  Stage(Medium medium, wire::Capture capture);
  void attach();
  std::vector<TableRow> table(Who who);
  friend class Socket;
  void drain();
  void drain_tracepoints();
  void end_scene();
  std::string await(Who who, std::uint16_t local_port, const std::function<bool(const std::string&)>& enough);
  [[nodiscard]] Who sender_of(const wire::Segment& segment) const;
  std::vector<std::string> all_states(Who who, std::uint16_t local_port);

  Medium medium_;
  Trials trials_;
  Descriptor client_network_;
  Descriptor server_network_;  ///< empty over loopback
  wire::Capture capture_;
  mutable std::mutex mutex_;  ///< of the present scene's events and of the ports
  std::vector<Scene> scenes_;
  std::vector<Taken> taken_;  ///< of the present scene
  std::vector<wire::Segment> segments_;
  std::map<std::uint16_t, Who> ports_;
  std::set<std::string> client_addresses_;  ///< over veth
  std::array<int, 2> further_addresses_{};  ///< of each host
  std::map<std::string, Seen> seen_;
  std::vector<Measured> measured_;
  std::shared_ptr<Tracepoints> tracepoints_;
  std::string no_tracepoints_;                          ///< why there are none
  std::array<std::uint32_t, 2> inodes_{};               ///< of the hosts' network namespaces
  std::vector<std::pair<Who, kernel::TcpEvent>> told_;  ///< by tracepoints, of the present scene
  std::optional<Measurement> measurement_;
  std::array<std::array<Descriptor, 2>, 2> tables_;  ///< of each host: for IPv4 and IPv6
  std::array<kernel::Counters, 2> counters_at_start_;
  std::array<kernel::Counters, 2> counters_of_scene_;
};

wire::Moment now();

}  // namespace lastbyte::lab
