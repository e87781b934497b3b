// One member of a group on the probe thread: its addresses, health, orders and figures, and the resulting state.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "probe/checks/checker.h"
#include "probe/directory.h"
#include "probe/dns/names.h"
#include "probe/tallies.h"
#include "upstream/health.h"

namespace lastbyte::probe {

/// What the members of a group share. It outlives them.
struct MemberContext {
  boost::asio::io_context& io;
  Counters& counters;
  Tallies& tallies;
  /// Called when the member's part of a snapshot changes.
  std::function<void()> on_change;
  /// For the operator.
  std::function<void(std::string)> on_message;
  /// Called when the member's state changes. May be null.
  std::function<void(const MemberChange&)> on_member;
};

/// Must be held by a shared_ptr.
class Member : public std::enable_shared_from_this<Member> {
 public:
  Member(MemberContext context, std::string group, std::string name);

  /// Sets the current settings. `place`: where checks connect. `service`: for an SRV member, one of its targets.
  /// `serving`: the group already had this member, so a new check does not take it out of service.
  void set(std::shared_ptr<const upstream::Member> settings, const upstream::Group& group, const Place& place,
           dns::SharedName lookup, std::optional<dns::Service> service, bool serving);
  void set_service(dns::Service service) { service_ = std::move(service); }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::shared_ptr<upstream::Figures>& figures() const { return figures_; }
  [[nodiscard]] upstream::SnapshotMember snapshot() const;
  [[nodiscard]] MemberStatus status() const;
  [[nodiscard]] bool is_ejected() const { return observed_.ejected_until().has_value(); }

  /// Call it when the member's addresses may have changed.
  void addresses_changed();
  /// Reports how a session ended. `may_eject` returns whether the group allows one more ejection.
  void observe(upstream::Observation::What what, const std::function<bool()>& may_eject);
  void act(Action action);

  /// `gone`: the SRV name no longer has this target. It gets no new sessions.
  void set_gone(bool gone);
  [[nodiscard]] std::optional<TimePoint> gone_since() const { return gone_since_; }

 private:
  void check_again();
  [[nodiscard]] Target target() const;
  [[nodiscard]] std::vector<net::Address> addresses_of(std::size_t port) const;
  void take(const checks::Outcome& outcome);
  void take_word(const checks::Outcome& outcome);
  void judge(bool passed, bool definite);
  void eject_timer();
  [[nodiscard]] upstream::Standing standing() const;
  [[nodiscard]] std::uint32_t weight() const;
  void update(std::string reason);

  MemberContext context_;
  std::string group_;
  std::string name_;
  std::shared_ptr<upstream::Figures> figures_ = std::make_shared<upstream::Figures>();
  std::shared_ptr<MemberTally> tally_;
  std::shared_ptr<const upstream::Member> settings_;
  std::optional<upstream::Check> check_;
  Place place_;
  std::optional<upstream::Ejection> ejection_;
  dns::SharedName lookup_;  ///< null: the endpoint contains the address
  std::optional<dns::Service> service_;
  upstream::CheckedHealth checked_;
  upstream::ObservedHealth observed_;
  boost::asio::steady_timer returns_;
  bool operator_drains_ = false;
  bool operator_disables_ = false;
  bool agent_drains_ = false;
  bool agent_disables_ = false;
  bool heartbeat_drains_ = false;
  std::optional<std::uint32_t> weight_percent_;  ///< set by an agent
  std::optional<TimePoint> gone_since_;
  upstream::State state_ = upstream::State::up;
  std::string reason_;
  WallTime since_ = std::chrono::system_clock::now();
  TimePoint up_since_{};
  bool was_up_ = false;
  bool began_ = false;             ///< update() was called
  std::uint32_t told_weight_ = 0;  ///< the weight of the last update()
  std::optional<CheckStatus> last_check_;
  std::unique_ptr<checks::Checker> checker_;
};

/// "up", "starting", "down", "ejected", "draining", "disabled".
std::string_view name(upstream::State);

}  // namespace lastbyte::probe
