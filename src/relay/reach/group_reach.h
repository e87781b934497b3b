// The way of one session to a member of its group: the tries, the place that it has there, its connections beside each
// other, the trial on which a request may still be replayed (T3), and what the record tells of all that. Only sessions
// with a group own one.
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

/// What was sent to an upstream that has not answered yet. All of it can be sent again: the client's bytes are in its
/// receive queue still.
struct Trial {
  bool on = false;
  bool fin_sent = false;           ///< the client's FIN was passed on
  std::uint32_t preface_sent = 0;  ///< bytes of our own PROXY header
  std::uint32_t sent = 0;          ///< bytes of the client's
};

class GroupReach {
 public:
  using What = upstream::Observation::What;

  /// `client`: the session's, or the one that its PROXY header told. `started`: of the session.
  GroupReach(Context& context, ListenerState& listener, Session& session, const net::Address& client,
             TimePoint started);
  ~GroupReach() { end(); }
  GroupReach(const GroupReach&) = delete;
  GroupReach& operator=(const GroupReach&) = delete;

  /// What to do now. Takes and gives back places with members and in the queue.
  upstream::Move next();
  /// The session is woken: a member may have room.
  void room() { tries_.room(); }

  // The try that next() told of.
  [[nodiscard]] const net::Address& address(std::uint32_t address) const;
  void begun(std::uint32_t address);
  void failed(std::uint32_t address, int error, bool backlog_is_full = false);
  /// It serves the session. The caller gives up the others.
  void connected(std::uint32_t address);

  /// After a failure of the connection before its first byte: the session may try again (Retry::attempts, budget).
  [[nodiscard]] bool may_try_again() const;
  /// It does.
  void try_again(int error);
  /// The connection has answered, or the session stays with it: it never tries again.
  void settle();

  /// Gives back all places. The observation of the end, if any, was told before.
  void end();
  /// How the session with the member ended. Once, after it was connected.
  void observe(What what);
  /// For `fastest`: what the session has cost so far.
  void sample(std::chrono::microseconds cost);

  /// The newest look of the group: whether the session's member is down and resets its sessions, whether the group has
  /// lost it, or its address.
  enum class Standing : std::uint8_t { stays, down, lost };
  [[nodiscard]] Standing standing(const upstream::Snapshot& newest) const;

  [[nodiscard]] const upstream::Retry* retry() const;
  [[nodiscard]] const upstream::Snapshot& snapshot() const { return *view_->snapshot; }
  [[nodiscard]] bool queues() const { return queued_at_.has_value(); }
  /// The upstream side may be without a socket although it is being connected.
  [[nodiscard]] bool is_connected() const { return connected_; }
  [[nodiscard]] std::vector<std::uint32_t> overdue() const { return tries_.overdue(context_.now); }
  [[nodiscard]] TimePoint wakes_at() const { return tries_.wakes_at(); }
  [[nodiscard]] TimePoint ends() const { return tries_.ends(); }
  [[nodiscard]] std::uint32_t retries() const { return tries_.made() > 0 ? tries_.made() - 1 : 0; }
  /// The member that the session has or tries; empty: none.
  [[nodiscard]] std::string_view member() const {
    return place_ ? std::string_view(snapshot().members[*place_].name) : std::string_view();
  }
  /// What the member of the try has of its own; null: nothing.
  [[nodiscard]] const MemberConnect* member_connect() const;
  /// No other try can send the same bytes once more (Fast Open).
  [[nodiscard]] bool may_send_early() const;
  [[nodiscard]] bool has_ejection() const { return view_->snapshot->group->ejection.has_value(); }
  [[nodiscard]] std::shared_ptr<const Tries> record() const { return listed_; }

  net::Address last;                 ///< where the session is connected, or tries or last tried to; none(): nowhere
  std::optional<std::uint32_t> own;  ///< the address that the session's own upstream side tries, or has
  std::vector<std::unique_ptr<Rival>> rivals;  ///< the others
  Trial trial;
  /// The upstream side got another socket in this round: events that were told with it may be of the one before.
  std::optional<std::uint64_t> replaced_in;
  std::optional<TimePoint> drains_at;  ///< the group has lost the member or the address: the session ends then

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
  int family_ = AF_UNSPEC;  ///< that a transparent client ties its upstream to
  TimePoint started_;
  upstream::Tries tries_;
  std::optional<std::uint32_t> place_;  ///< the member that counts this session
  std::optional<WaitingSessions::Place> queued_at_;
  std::vector<Open> open_;
  std::shared_ptr<Tries> listed_;  ///< for the record, which is made where memory may be short
  bool connected_ = false;
  bool blamed_ = false;    ///< a try with the member has failed for what the member is to blame for
  bool observed_ = false;  ///< how the session ended was told
  bool retrying_ = false;  ///< counted in ForwardingCounts::retrying
};

}  // namespace lastbyte::relay
