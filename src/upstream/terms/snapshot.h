// The state of a group at one moment. A snapshot is immutable; the probe thread makes it and mails it to every worker.
// A session keeps the snapshot that it began with.
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
  starting,  ///< not healthy for the first time yet: no sessions
  down,      ///< the checks have failed
  ejected,   ///< ejected after bad endings of its sessions
  draining,  ///< taken away by an operator, an agent or the DNS: no new sessions
  disabled,  ///< disabled by an operator
};

/// Figures of one member over all workers and reloads, keyed by group and member as written. Access is relaxed, a few
/// times a session, never on the path of a byte.
struct Figures {
  std::atomic<std::uint32_t> sessions{0};  ///< open sessions, connecting ones included
  std::atomic<std::uint32_t> waiting{0};   ///< sessions in the group's queue; only the group's first member counts them
  std::atomic<std::uint64_t> peak_ewma_us{0};  ///< cost of a session in microseconds (upstream/ewma.h)
  std::atomic<std::int64_t> ewma_at_us{0};     ///< time of the last update, on the steady clock
  std::atomic<std::uint64_t> began{0};         ///< sessions begun in total
  std::atomic<std::uint64_t> failed{0};        ///< attempts that did not connect
  std::atomic<std::uint64_t> preferred{0};     ///< hash of the address that worked last; 0: none
};

struct SnapshotMember {
  std::string name;  ///< as records show it: the endpoint as written; for an SRV record "name/target:port"
  std::shared_ptr<Figures> figures;
  std::shared_ptr<const Member> settings;
  std::vector<std::vector<net::Address>> addresses;  ///< per port of the endpoint; families interleaved (RFC 8305)
  State state = State::up;
  std::uint32_t weight = 1;  ///< an SRV record or an agent may have changed the configured weight
  TimePoint up_since{};      ///< start of the slow start
  /// An operator disabled the member: its sessions are reset, whatever Group::on_down says.
  bool ends_sessions = false;
};

/// The addresses of a member for the port with that index in the forwarding. A member with a single port uses it for
/// every port of the forwarding. Empty: no address is known.
inline const std::vector<net::Address>& addresses_of(const SnapshotMember& member, std::size_t port) {
  static const std::vector<net::Address> none;
  if (member.addresses.empty()) return none;
  return member.addresses[port < member.addresses.size() ? port : 0];
}

/// Members that a name or a reload removed are not in `members`. A worker lets their sessions continue for at most
/// Names::drain_age. The same applies to sessions of an address that a member no longer has.
struct Snapshot {
  std::shared_ptr<const Group> group;
  std::uint64_t id = 0;          ///< identifies the group over its generations
  std::uint64_t generation = 0;  ///< increases with each snapshot of the group
  std::vector<SnapshotMember> members;
  std::shared_ptr<const std::vector<std::uint16_t>>
      maglev;  ///< all members, whatever their state; null: the policy is not source-hash
};

/// A worker's report to the probe thread about a session with a member. A worker sends at most a few per session, and
/// only if the group has an ejection rule or the ending was bad.
struct Observation {
  enum class What : std::uint8_t { success, connect_failure, early_reset, reset_unread, timeout };
  std::uint64_t group = 0;       ///< Snapshot::id
  std::uint64_t generation = 0;  ///< generation of the session's snapshot
  std::uint32_t member = 0;      ///< index in that snapshot
  What what = What::success;
};

}  // namespace lastbyte::upstream
