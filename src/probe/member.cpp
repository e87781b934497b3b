#include "probe/member.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace lastbyte::probe {
namespace {

using boost::system::error_code;
using upstream::CheckedHealth;
using upstream::State;

std::string_view words(upstream::Observation::What what) {
  using What = upstream::Observation::What;
  switch (what) {
    case What::success: return "a good ending";
    case What::connect_failure: return "a connection that failed";
    case What::early_reset: return "a reset before the first byte";
    case What::reset_unread: return "a reset while bytes were unread";
    case What::timeout: return "a session that timed out";
  }
  return "?";
}

std::string in_seconds(Duration time) {
  const auto tenths = time.count() / 100;
  return std::to_string(tenths / 10) + (tenths % 10 == 0 ? "" : "." + std::to_string(tenths % 10)) + " s";
}

}  // namespace

std::string_view name(State state) {
  switch (state) {
    case State::up: return "up";
    case State::starting: return "starting";
    case State::down: return "down";
    case State::ejected: return "ejected";
    case State::draining: return "draining";
    case State::disabled: return "disabled";
  }
  return "?";
}

Member::Member(MemberContext context, std::string group, std::string name)
    : context_(std::move(context)),
      group_(std::move(group)),
      name_(std::move(name)),
      tally_(context_.tallies.of(group_, name_, figures_)),
      returns_(context_.io) {}

void Member::set(std::shared_ptr<const upstream::Member> settings, const upstream::Group& group, const Place& place,
                 dns::SharedName lookup, std::optional<dns::Service> service, bool serving) {
  const bool same_checks =
      settings_ && check_ == group.check && place_ == place && settings_->options == settings->options;
  place_ = place;
  settings_ = std::move(settings);
  lookup_ = std::move(lookup);
  service_ = std::move(service);
  if (ejection_ && !group.ejection) observed_ = {};
  ejection_ = group.ejection;
  if (!same_checks) {
    if (!group.check) {
      checked_ = {};
      last_check_.reset();
      agent_drains_ = agent_disables_ = heartbeat_drains_ = false;
      weight_percent_.reset();
    } else if (!check_ && serving) {
      while (checked_.verdict() != CheckedHealth::Verdict::healthy) checked_.take(true, *group.check);
    }
    check_ = group.check;
    check_again();
  }
  update("the configuration changed");
}

void Member::check_again() {
  checker_.reset();
  if (!check_ || operator_disables_ || gone_since_) return;
  upstream::Check check = *check_;
  // The delay is meant for a server that starts together with this program.
  if (began_) check.initial_delay = Duration(0);
  checker_ = std::make_unique<checks::Checker>(
      context_.io, check, [this] { return target(); }, [this](const checks::Outcome& outcome) { take(outcome); });
}

Target Member::target() const {
  Target target{settings_->endpoint.host, addresses_of(0), {}, place_};
  if (check_->port)
    for (net::Address& each : target.addresses) each.set_port(*check_->port);
  const upstream::MemberOptions& options = settings_->options;
  target.options.socket.mark = options.mark ? options.mark : place_.mark;
  target.options.socket.interface = options.interface.value_or(place_.interface);
  // A check leaves the ports to the sessions: one that is taken would make a healthy member look down.
  for (const net::Source& each : options.sources.empty() ? place_.sources : options.sources) {
    net::Address address = each.address;
    address.set_port(0);
    target.options.sources.emplace_back(std::move(address));
  }
  return target;
}

std::vector<net::Address> Member::addresses_of(std::size_t port) const {
  const net::Endpoint& endpoint = settings_->endpoint;
  std::vector<net::Address> addresses;
  if (service_) return service_->addresses;
  if (endpoint.is_unix()) {
    if (auto path = net::Address::unix_name(endpoint.path)) addresses.push_back(*path);
    return addresses;
  }
  if (lookup_)
    addresses = lookup_->addresses;
  else if (auto written = net::Address::parse(endpoint.host, 0))
    addresses.push_back(*written);
  for (net::Address& each : addresses) each.set_port(endpoint.ports.at(port));
  return addresses;
}

void Member::take(const checks::Outcome& outcome) {
  ++context_.counters.checks;
  if (!outcome.passed) ++context_.counters.checks_failed;
  ++(outcome.passed ? tally_->checks_passed : tally_->checks_failed);
  context_.counters.heartbeats += outcome.frames;
  context_.counters.heartbeats_refused += outcome.frames_refused;
  last_check_ = {std::chrono::system_clock::now(), outcome.passed, outcome.detail, outcome.took, outcome.load_percent};
  take_word(outcome);
  judge(outcome.passed, outcome.definite);
  const std::string times =
      outcome.passed || outcome.definite ? "" : std::to_string(checked_.in_a_row()) + " failed in a row: ";
  update("check: " + times + outcome.detail);
}

void Member::take_word(const checks::Outcome& outcome) {
  using Order = checks::AgentLine::Order;
  if (outcome.draining) heartbeat_drains_ = *outcome.draining;
  if (outcome.agent.weight_percent) weight_percent_ = outcome.agent.weight_percent;
  if (!outcome.agent.order) return;
  agent_drains_ = *outcome.agent.order == Order::drain;
  agent_disables_ = *outcome.agent.order == Order::maint;
}

void Member::judge(bool passed, bool definite) {
  const auto wanted = passed ? CheckedHealth::Verdict::healthy : CheckedHealth::Verdict::unhealthy;
  checked_.take(passed, *check_);
  while (definite && checked_.verdict() != wanted) checked_.take(passed, *check_);
}

void Member::observe(upstream::Observation::What what, const std::function<bool()>& may_eject) {
  const TimePoint now = Clock::now();
  if (!ejection_ || !observed_.take(what, *ejection_, now) || !may_eject()) return;
  const auto bad = std::to_string(observed_.bad_in_a_row());
  observed_.eject(*ejection_, now);
  ++context_.counters.ejections;
  ++tally_->ejections;
  const auto time = std::chrono::duration_cast<Duration>(*observed_.ejected_until() - now);
  eject_timer();
  update(bad + " bad endings in a row, the last " + std::string(words(what)) + "; for " + in_seconds(time));
}

void Member::eject_timer() {
  returns_.expires_at(*observed_.ejected_until());
  returns_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (!error && self && self->observed_.returns(Clock::now())) self->update("the time of the ejection is over");
  });
}

void Member::act(Action action) {
  const bool disabled = operator_disables_;
  const State before = state_;
  operator_drains_ = action == Action::drain;
  operator_disables_ = action == Action::disable;
  if (action == Action::enable && observed_.ejected_until()) {
    observed_.returns(*observed_.ejected_until());
    returns_.cancel();
  }
  if (disabled != operator_disables_) check_again();
  update("by the operator");
  // If an agent disables the member too, only the treatment of its sessions changes.
  if (disabled != operator_disables_ && state_ == before) context_.on_change();
}

void Member::set_gone(bool gone) {
  if (gone == gone_since_.has_value()) return;
  gone_since_ = gone ? std::optional(Clock::now()) : std::nullopt;
  check_again();
  update(gone ? "its name no longer lists it" : "its name lists it again");
}

void Member::addresses_changed() { context_.on_change(); }

upstream::Standing Member::standing() const {
  return {.checked = check_ ? std::optional(checked_.verdict()) : std::nullopt,
          .ejected = observed_.ejected_until().has_value(),
          .draining = operator_drains_ || agent_drains_ || heartbeat_drains_ || gone_since_.has_value(),
          .disabled = operator_disables_ || agent_disables_};
}

std::uint32_t Member::weight() const {
  if (!weight_percent_) return settings_->weight;
  const std::uint64_t scaled = (std::uint64_t{settings_->weight} * *weight_percent_ + 99) / 100;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(scaled, 256));
}

void Member::update(std::string reason) {
  const State before = state_;
  const std::uint32_t weight_before = told_weight_;
  state_ = upstream::state_of(standing());
  told_weight_ = weight();
  const bool begins = !std::exchange(began_, true);
  if (state_ != before) {
    since_ = std::chrono::system_clock::now();
    // A group that starts as a whole starts at full weight.
    if (state_ == State::up && was_up_) up_since_ = Clock::now();
    // The first state is no change of state.
    if (!begins) {
      reason_ = std::move(reason);
      const bool comes_up = before == State::starting && state_ == State::up;
      context_.on_message((group_.empty() ? "" : "group " + group_ + ": ") + name_ + " is " +
                          std::string(probe::name(state_)) +
                          (comes_up ? "" : ", was " + std::string(probe::name(before))) + ": " + reason_);
      if (context_.on_member && !group_.empty()) context_.on_member({group_, name_, state_, reason_, since_});
    }
  }
  was_up_ = was_up_ || state_ == State::up;
  if (begins || state_ != before || told_weight_ != weight_before) context_.on_change();
}

upstream::SnapshotMember Member::snapshot() const {
  upstream::SnapshotMember out{.name = name_,
                               .figures = figures_,
                               .settings = settings_,
                               .addresses = {},
                               .state = state_,
                               .weight = weight(),
                               .up_since = up_since_,
                               .ends_sessions = operator_disables_};
  const std::size_t ports = service_ ? 1 : settings_->endpoint.count();
  for (std::size_t port = 0; port < ports; ++port) out.addresses.push_back(addresses_of(port));
  return out;
}

MemberStatus Member::status() const {
  MemberStatus out{.name = name_,
                   .state = state_,
                   .reason = reason_,
                   .since = since_,
                   .weight = weight(),
                   .addresses = addresses_of(0),
                   .check = last_check_,
                   .ejections = observed_.ejections()};
  if (lookup_ && lookup_->answered)
    out.lookup =
        LookupStatus{lookup_->key.host, lookup_->at, lookup_->ttl, lookup_->until_next, lookup_->error, lookup_->stale};
  return out;
}

}  // namespace lastbyte::probe
