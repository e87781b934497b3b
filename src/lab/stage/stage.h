// The stage of an experiment: two hosts in network namespaces of their own, a capture of every packet between them, and
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

/// For one experiment and one thread; any thread may call note().
class Stage {
 public:
  using Ports = std::pair<std::uint16_t, std::uint16_t>;  ///< local, remote

  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Makes the networks. Needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_SYS_ADMIN; those of an own user namespace suffice.
  static Result<std::unique_ptr<Stage>> make(Medium medium, const Trials& trials = {});

  [[nodiscard]] Medium medium() const { return medium_; }
  [[nodiscard]] const Trials& trials() const { return trials_; }
  [[nodiscard]] int network(Who who) const;
  [[nodiscard]] net::Address address(Who who, std::uint16_t port = 0) const;
  /// Adds an IPv4 address to the host. Returns false if the kernel refused it.
  bool add_address(Who who, const std::string& ip);

  /// Begins a scene of this name. Reports show the first scene.
  void scene(const std::string& name);

  /// Makes a non-blocking TCP socket on that host.
  Socket socket(Who who, int family = 2 /* AF_INET */);
  /// Makes a socket that listens; the kernel chooses the port.
  Socket listener(Who who = Who::server, int backlog = 16);
  struct Pair {
    Socket client;
    Socket server;
  };
  /// Makes a connection. The windows are SO_RCVBUF; 0 leaves it.
  Pair pair(int client_window = 0, int server_window = 0);

  /// Assigns the port to the host, and its segments to the present scene.
  void own_port(Who who, std::uint16_t port);

  /// Returns the interface of that host's packets: "lo", or its end of the veth.
  [[nodiscard]] std::string device(Who who) const;

  // Report the observation of a row.
  void see(const std::string& row, const std::string& value);
  void not_observed(const std::string& row, const std::string& why);
  /// Reports, for the row, the kernel's reason of the host's first reset in this scene: "TCP_ABORT_ON_CLOSE", "no
  /// reset". The row is not observed if no program can be attached to the tracepoints.
  void see_reset_reason(const std::string& row, Who who);
  /// Reports a figure of this run, which is not compared.
  void measured(const std::string& name, const std::string& value);
  /// Reports counts besides the rows.
  void measure(Measurement measurement) { measurement_ = std::move(measurement); }

  /// Adds a note to the time line, now or at the given time. Any thread.
  void note(Who who, EventKind kind, const std::string& text);
  void note_at(wire::Moment at, Who who, EventKind kind, const std::string& text);

  /// Waits until no segment has come for 20 ms. Returns the scene's segments so far.
  const std::vector<wire::Segment>& segments();
  /// Returns how this host ended its connection on the wire: "FIN", "FIN, RST", "RST", "nothing".
  std::string endings(Who from);

  /// Changes a setting of the host: `name` is "tcp_tw_reuse" for "net.ipv4.tcp_tw_reuse". Returns false if it cannot be
  /// set. While a setting that exists is not as it was last wanted, see() reports each row as not observed.
  bool set_kernel(Who who, const std::string& name, const std::string& value);
  /// Reads a setting of the host; empty: it does not exist.
  std::string kernel_setting(Who who, const std::string& name);
  /// Returns the increase of the host's counter since the scene began.
  [[nodiscard]] std::int64_t risen(Who who, const std::string& counter);
  /// Runs in the host's network namespace.
  void inside(Who who, const std::function<void()>& function);
  /// Returns the states of the host's sockets with this local port, including TIME_WAIT, each once: "ESTABLISHED
  /// TIME_WAIT".
  /// `remote_port` 0 is any; an earlier connection to elsewhere may have had the same local port.
  std::string states(Who who, std::uint16_t local_port, std::uint16_t remote_port = 0);
  /// Returns the number of these sockets in `state`.
  std::size_t sockets_in(Who who, std::uint16_t local_port, const std::string& state);
  /// As states(). Waits until the result is `wanted`, kStagePatience at most.
  std::string await_states(Who who, std::uint16_t local_port, const std::string& wanted);
  /// As states(). Waits until all states are lasting ones: LISTEN, TIME_WAIT, none.
  std::string await_settled(Who who, std::uint16_t local_port, std::uint16_t remote_port = 0);
  /// As states(). Waits until no socket is in that state.
  std::string await_none_in(Who who, std::uint16_t local_port, const std::string& state);
  /// Returns the host's sockets that a process holds, with their states: no closed ones, and none that waits for
  /// accept().
  std::map<Ports, std::string> held(Who who);

  /// Returns all scenes with their packets. Call it once.
  Outcome finish(const Experiment& experiment);

 private:
  struct Taken {
    wire::Packet packet;
    std::optional<wire::Segment> segment;
  };
  /// A row of the kernel's table of TCP sockets.
  struct TableRow {
    unsigned local_port = 0;
    unsigned remote_port = 0;
    std::string state = {};
    unsigned long inode = 0;
  };
  Stage(Medium medium, wire::Capture capture);
  void attach();
  std::vector<TableRow> table(Who who);
  friend class Socket;
  void drain();
  void drain_tracepoints();
  void end_scene();
  std::string await(Who who, Ports ports, const std::function<bool(const std::string&)>& enough);
  [[nodiscard]] Who sender_of(const wire::Segment& segment) const;
  std::vector<std::string> all_states(Who who, Ports ports);

  Medium medium_;
  Trials trials_;
  Descriptor client_network_;
  Descriptor server_network_;  ///< empty on loopback
  wire::Capture capture_;
  mutable std::mutex mutex_;  ///< guards the present scene's events, and the ports
  std::vector<Scene> scenes_;
  std::vector<Taken> taken_;  ///< the present scene's packets
  std::vector<wire::Segment> segments_;
  std::map<std::uint16_t, Who> ports_;
  std::set<std::string> client_addresses_;  ///< only on veth
  std::array<int, 2> further_addresses_{};  ///< count for each host
  std::map<std::string, Seen> seen_;
  std::map<std::string, std::string> hindrances_;  ///< settings that are not as they should be: why not
  std::vector<Measured> measured_;
  std::shared_ptr<Tracepoints> tracepoints_;
  std::string no_tracepoints_;                          ///< why tracepoints are not available
  std::array<std::uint32_t, 2> inodes_{};               ///< inodes of the hosts' network namespaces
  std::vector<std::pair<Who, kernel::TcpEvent>> told_;  ///< tracepoint events of the present scene
  std::optional<Measurement> measurement_;
  std::array<std::array<Descriptor, 2>, 2> tables_;  ///< for each host: the tables of IPv4 and IPv6
  std::array<kernel::Counters, 2> counters_at_start_;
  std::array<kernel::Counters, 2> counters_of_scene_;
};

wire::Moment now();

}  // namespace lastbyte::lab
