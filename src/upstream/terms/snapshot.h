// What a group looks like at one moment: immutable, made on the probe thread, given to every worker by mail. A session
// keeps the snapshot that it began with.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/address/address.h"
#include "upstream/terms/settings.h"

namespace lastbyte::upstream {

enum class State : std::uint8_t {
  up,        ///< healthy, or not checked
  starting,  ///< checked, and not yet healthy for the first time: no sessions
  down,      ///< the checks failed
  ejected,   ///< its sessions ended badly
  draining,  ///< an operator, an agent, or the DNS took it away: no new sessions
  disabled,  ///< by an operator
};

/// Figures of one member over all workers and over reloads, by its identity (group and member as written). Relaxed;
/// touched a few times a session, never on the path of a byte.
struct Figures {
  std::atomic<std::uint32_t> sessions{0};      ///< open, connecting included
  std::atomic<std::uint32_t> waiting{0};       ///< in the group's queue; counted at the group's first member only
  std::atomic<std::uint64_t> peak_ewma_us{0};  ///< cost of a session in microseconds (upstream/ewma.h)
  std::atomic<std::int64_t> ewma_at_us{0};     ///< when it was last updated, of the steady clock
  std::atomic<std::uint64_t> began{0};         ///< sessions, in all
  std::atomic<std::uint64_t> failed{0};        ///< tries that did not connect
  std::atomic<std::uint64_t> preferred{0};     ///< hash of the address that worked last; 0: none
};

struct SnapshotMember {
  std::string name;  ///< as records show it: the endpoint as written; of an SRV record "name/target:port"
  std::shared_ptr<Figures> figures;
  std::shared_ptr<const Member> settings;
  std::vector<std::vector<net::Address>> addresses;  ///< of each port of the endpoint; families interleaved (RFC 8305)
  State state = State::up;
  std::uint32_t weight = 1;  ///< an SRV record or an agent may have changed it
  TimePoint up_since{};      ///< slow start counts from here
  /// An operator disabled it: its sessions are reset, whatever Group::on_down says.
  bool ends_sessions = false;
};

/// The addresses of a member for the port of that number among the forwarding's; a member with a single port has all of
/// its sessions there. Empty: none is known.
inline const std::vector<net::Address>& addresses_of(const SnapshotMember& member, std::size_t port) {
  static const std::vector<net::Address> none;
  if (member.addresses.empty()) return none;
  return member.addresses[port < member.addresses.size() ? port : 0];
}

/// Members that a name or a reload took away are not among `members`. A worker lets their sessions go on, for
/// Names::drain_age at most; likewise those of an address that a member has no more.
struct Snapshot {
  std::shared_ptr<const Group> group;
  std::uint64_t id = 0;          ///< of the group, over its generations
  std::uint64_t generation = 0;  ///< grows with each snapshot of the group
  std::vector<SnapshotMember> members;
  std::shared_ptr<const std::vector<std::uint16_t>>
      maglev;  ///< of all members whatever their state; null: no source-hash
};

/// What a worker tells the probe thread of a session with a member, at most a few times a session, only where the group
/// has an ejection rule or the ending was bad.
struct Observation {
  enum class What : std::uint8_t { success, connect_failure, early_reset, reset_unread, timeout };
  std::uint64_t group = 0;       ///< Snapshot::id
  std::uint64_t generation = 0;  ///< of the snapshot that the session had
  std::uint32_t member = 0;      ///< its index there
  What what = What::success;
};

}  // namespace lastbyte::upstream
