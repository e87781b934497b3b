// What operators can ask of the process. The administration declares it; the daemon implements it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings/config.h"
#include "observe/metrics/snapshot.h"
#include "relay/worker/inquiries.h"

namespace lastbyte::admin {

using WallTime = std::chrono::system_clock::time_point;

struct Health {
  bool alive = true;   ///< every worker answers
  bool ready = true;   ///< the process accepts clients, and does not stop
  std::string reason;  ///< why it is not alive or not ready; empty: it is both
};

/// An operator's last order for a forwarding or a member.
enum class Change : std::uint8_t {
  enable,
  drain,    ///< no new sessions
  disable,  ///< no new sessions; resets the present ones
};

struct ForwardingFacts {
  std::string name;
  std::vector<std::string> listen;  ///< addresses as the kernel reports them
  std::string connect;              ///< as configured
  std::string transport;            ///< the listener's transport: "tcp", "udp", "unix"
  Change state = Change::enable;    ///< the last order
};

struct MemberFacts {
  std::string name;
  std::string state;
  std::string reason;
  WallTime since;
  std::uint32_t weight = 1;
  bool backup = false;
  std::uint64_t sessions = 0;
  std::uint64_t began = 0;
  std::uint64_t failed = 0;
  std::optional<std::chrono::microseconds> round_trip;
  std::vector<std::string> addresses;
};

struct GroupFacts {
  std::string name;
  std::string policy;
  std::uint64_t generation = 0;
  std::uint64_t waiting = 0;  ///< sessions in the group's queue
  std::vector<MemberFacts> members;
};

/// An event of the process or of a group's member.
struct Happening {
  WallTime at;
  std::string event;  ///< "reload", "stop", "member_changed"
  std::optional<bool> successful = {};
  std::string reason = {};
  std::string group = {};
  std::string member = {};
  std::string state = {};
};

/// The administration's thread calls these functions. None of them waits for another thread. Functions that the caller
/// passes in may be called on any thread.
class Operations {
 public:
  virtual ~Operations() = default;

  /// Names this run of the daemon, and no other: the numbers of sessions mean nothing in another one.
  [[nodiscard]] virtual const std::string& instance() const = 0;
  [[nodiscard]] virtual Health health() const = 0;
  [[nodiscard]] virtual observe::Snapshot metrics() const = 0;
  /// Number of open sessions, of streams and datagrams: a small part of metrics().
  [[nodiscard]] virtual std::uint64_t open_sessions() const = 0;
  [[nodiscard]] virtual std::vector<ForwardingFacts> forwardings() const = 0;
  [[nodiscard]] virtual std::vector<GroupFacts> groups() const = 0;
  /// Returns the running configuration as YAML.
  [[nodiscard]] virtual std::string configuration() const = 0;
  /// Returns why the last reload changed nothing; empty: it succeeded.
  [[nodiscard]] virtual std::string reload_failure() const = 0;
  [[nodiscard]] virtual config::LogLevel log_level() const = 0;
  virtual void set_log_level(config::LogLevel level) = 0;

  [[nodiscard]] virtual std::size_t workers() const = 0;
  virtual void look(std::size_t worker, std::shared_ptr<const relay::Look> look) = 0;
  virtual void end_sessions(std::size_t worker, std::shared_ptr<const relay::EndOrder> order) = 0;
  /// Returns the drain time of the settings.
  [[nodiscard]] virtual Duration drain_time() const = 0;

  /// On an error, nothing has changed. ENOENT: there is no such forwarding.
  virtual void change_forwarding(const std::string& name, Change change, std::function<void(Result<void>)> done) = 0;
  /// ENOENT: there is no such group or member.
  virtual Result<void> change_member(const std::string& group, const std::string& member, Change change) = 0;

  /// Whether take_events() returns events of sessions and members.
  virtual void follow_sessions(bool wanted) = 0;
  /// Passes the events since the last call to `session` and `other`.
  virtual void take_events(const std::function<void(const relay::SessionEvent&)>& session,
                           const std::function<void(const Happening&)>& other) = 0;
  /// Number of session events dropped because the ring was full, since the start.
  [[nodiscard]] virtual std::uint64_t events_dropped() const = 0;
  /// Runs `work` on the administration's thread. Any thread may call it.
  virtual void on_own_thread(std::function<void()> work) = 0;
  /// Called each second.
  virtual void each_second() = 0;
};

}  // namespace lastbyte::admin
