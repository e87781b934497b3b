// One session's path to a member of its group: the tries, the place that it holds with a member, its parallel
// connection attempts, the trial during which a request may be replayed (T3), and what the record says about all of
// these. Only sessions with a group own one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "net/address/address.h"
#include "relay/context/context.h"
#include "relay/context/listener.h"
#include "relay/group/queues.h"
#include "relay/group/view.h"
#include "relay/reach/leftovers.h"
#include "relay/terms/record.h"
#include "upstream/tries.h"

namespace lastbyte::relay {

/// What was sent to an upstream that has not answered yet. All of it can be replayed: the client's bytes are still in
/// its receive queue.
struct Trial {
  bool on = false;
  bool fin_sent = false;           ///< the client's FIN was passed on
  std::uint32_t preface_sent = 0;  ///< bytes of our own PROXY header
  std::uint32_t sent = 0;          ///< bytes of the client's
};

class GroupReach {
 public:
  using What = upstream::Observation::What;

  /// `client`: the address of the session's client, or the one in its PROXY header. `started`: when the session began.
  GroupReach(Context& context, ListenerState& listener, Session& session, const net::Address& client,
             TimePoint started);
  ~GroupReach() { end(); }
  GroupReach(const GroupReach&) = delete;
  GroupReach& operator=(const GroupReach&) = delete;

  /// The next thing to do. Takes and returns places with members and in the queue.
  upstream::Move next();
  /// Wakes the session: a member may have room.
  void room() { tries_.room(); }

  // About the try that next() returned:
  [[nodiscard]] const net::Address& address(std::uint32_t address) const;
  void begun(std::uint32_t address);
  void failed(std::uint32_t address, int error, bool backlog_is_full = false);
  /// This address serves the session. The caller gives up the others.
  void connected(std::uint32_t address);

  /// Whether the session may try again after its connection failed before the first byte (Retry::attempts, budget).
  [[nodiscard]] bool may_try_again() const;
  /// Prepares to try again.
  void try_again(int error);
  /// Called when the connection has answered, or the session stays with it for another reason: it never tries again.
  void settle();

  /// Returns all places. Call observe() first, if the end is to be observed.
  void end();
  /// Reports how the session with the member ended. Only the first report counts, and only if the session was
  /// connected.
  void observe(What what);
  /// Takes a sample of the session's cost, for the policy `fastest`.
  void sample(std::chrono::microseconds cost);

  /// How the session's member stands in the newest snapshot: `down` if it is down and its sessions are reset, `lost` if
  /// the group has lost the member or its address.
  enum class Standing : std::uint8_t { stays, down, lost };
  [[nodiscard]] Standing standing(const upstream::Snapshot& newest) const;

  [[nodiscard]] const upstream::Retry* retry() const;
  [[nodiscard]] const upstream::Snapshot& snapshot() const { return *view_->snapshot; }
  [[nodiscard]] bool queues() const { return queued_at_.has_value(); }
  /// Whether a member is connected. Before that, the upstream side may have no socket.
  [[nodiscard]] bool is_connected() const { return connected_; }
  [[nodiscard]] std::vector<std::uint32_t> overdue() const { return tries_.overdue(context_.now); }
  [[nodiscard]] TimePoint wakes_at() const { return tries_.wakes_at(); }
  [[nodiscard]] TimePoint ends() const { return tries_.ends(); }
  [[nodiscard]] std::uint32_t retries() const { return tries_.made() > 0 ? tries_.made() - 1 : 0; }
  /// The member that the session is connected to or tries; empty: none.
  [[nodiscard]] std::string_view member() const {
    return place_ ? std::string_view(snapshot().members[*place_].name) : std::string_view();
  }
  /// The connect options of the tried member, if it has its own; null: it has none.
  [[nodiscard]] const MemberConnect* member_connect() const;
  /// Whether no other try can send the same bytes again (Fast Open).
  [[nodiscard]] bool may_send_early() const;
  [[nodiscard]] bool has_ejection() const { return view_->snapshot->group->ejection.has_value(); }
  [[nodiscard]] std::shared_ptr<const Tries> record() const { return listed_; }

  net::Address last;                 ///< the address connected to, or being tried, or last tried; none(): none
  std::optional<std::uint32_t> own;  ///< the address that the session's own upstream side tries or is connected to
  std::vector<std::unique_ptr<Rival>> rivals;  ///< attempts at other addresses
  Trial trial;
  /// The round in which the upstream side got another socket: events of that round may belong to the previous one.
  std::optional<std::uint64_t> replaced_in;
  std::optional<TimePoint> drains_at;  ///< when the session ends, because the group has lost the member or the address

 private:
  struct Open {
    std::uint32_t address;
    TimePoint began;
  };
  void follow();
  upstream::Choice choose(std::span<const std::uint32_t> tried);
  [[nodiscard]] std::vector<std::uint32_t> order(std::uint32_t member) const;
  void give_place_back();
  bool enter_queue();
  void leave_queue();
  void list(std::uint32_t address, TryEnd end, int error);
  void tell(What what);

  Context& context_;
  ListenerState& listener_;
  Session& session_;
  GroupViewPtr view_;
  std::optional<std::uint64_t> source_;
  int family_ = AF_UNSPEC;  ///< the only upstream family allowed, if a transparent source ties it to the client's
  TimePoint started_;
  upstream::Tries tries_;
  std::optional<std::uint32_t> place_;  ///< the member that counts this session
  std::optional<WaitingSessions::Place> queued_at_;
  std::vector<Open> open_;
  std::shared_ptr<Tries> listed_;  ///< for the record, which is made when memory may be short
  bool connected_ = false;
  bool blamed_ = false;    ///< a try with the member has failed through the member's fault
  bool observed_ = false;  ///< the session's end was reported
  bool retrying_ = false;  ///< counted in ForwardingCounts::retrying
};

}  // namespace lastbyte::relay
