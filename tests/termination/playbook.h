// A session as a transcript: `>>` is what happens, `<<` is what must follow from it, all of it and in order.
//
//   Playbook play;
//   play >> connected(Which::upstream);
//   play >> fin(Which::client) << send_fin(Which::upstream);
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "tests/termination/exploration.h"

namespace lastbyte::termination::test {

inline constexpr Which kClient = Which::client;
inline constexpr Which kUpstream = Which::upstream;

struct Happens {
  Event event{};
  Which side{};
};

struct Follows {
  std::string_view action;
  Which side{};

  [[nodiscard]] std::string text() const { return std::string(action) + " " + std::string(name(side)); }
};

inline Happens greeted(Which side) { return {Event::greeted, side}; }
inline Happens held_back(Which side) { return {Event::held_back, side}; }
inline Happens asked(Which side) { return {Event::asked, side}; }
inline Happens queued(Which side) { return {Event::queued, side}; }
inline Happens dequeued(Which side) { return {Event::dequeued, side}; }
inline Happens rejected(Which side) { return {Event::rejected, side}; }
inline Happens connected(Which side) { return {Event::connected, side}; }
inline Happens connect_failed(Which side) { return {Event::connect_failed, side}; }
inline Happens pending(Which side) { return {Event::pending, side}; }
inline Happens drained(Which side) { return {Event::drained, side}; }
inline Happens fin(Which side) { return {Event::fin, side}; }
inline Happens fin_aborts(Which side) { return {Event::fin_aborts, side}; }
inline Happens reset(Which side) { return {Event::reset, side}; }
inline Happens vanished(Which side) { return {Event::vanished, side}; }
inline Happens refused(Which side) { return {Event::refused, side}; }
inline Happens broke(Which side) { return {Event::broke, side}; }
inline Happens lost(Which side) { return {Event::lost, side}; }
inline Happens acked(Which side) { return {Event::acked, side}; }
inline Happens deadline_passes() { return {Event::deadline, Which::client}; }
inline Happens stop() { return {Event::stop, Which::client}; }
inline Happens abort_all() { return {Event::abort, Which::client}; }
inline Happens abandon() { return {Event::abandon, Which::client}; }

inline Follows send_fin(Which side) { return {"send_fin", side}; }
inline Follows linger(Which side) { return {"linger", side}; }
inline Follows close(Which side) { return {"close", side}; }
inline Follows reset_and_close(Which side) { return {"reset", side}; }

class Playbook {
 public:
  explicit Playbook(bool linger = true, Greeting greeting = Greeting::none) : session_(new_session(linger, greeting)) {}
  Playbook(const Playbook&) = delete;
  Playbook& operator=(const Playbook&) = delete;
  ~Playbook() { nothing_more(); }

  Playbook& operator>>(Happens happens) {
    nothing_more();
    told_ += "\n  >> " + std::string(name(happens.event)) + " " + std::string(name(happens.side));
    const auto step = termination::step(session_, happens.event, happens.side);
    if (!step) {
      ADD_FAILURE() << "impossible here:" << told_;
      return *this;
    }
    session_ = step->session;
    for (const Which side : kBoth) {
      const Actions& actions = step->action(side);
      if (actions.send_fin) due_.push_back(send_fin(side));
      if (actions.linger) due_.push_back(linger(side));
      if (actions.close) due_.push_back(close(side));
      if (actions.reset) due_.push_back(reset_and_close(side));
    }
    return *this;
  }

  /// The client's actions come before the upstream's, and each side's in the order of struct Actions.
  Playbook& operator<<(Follows follows) {
    told_ += "\n  << " + follows.text();
    if (due_.empty() || due_.front().text() != follows.text()) {
      ADD_FAILURE() << "expected to follow, but " << (due_.empty() ? "nothing" : due_.front().text())
                    << " did:" << told_;
    }
    if (!due_.empty()) due_.pop_front();
    return *this;
  }

  [[nodiscard]] const Session& session() const { return session_; }
  [[nodiscard]] Deadline deadline() const { return termination::deadline(session_); }
  [[nodiscard]] bool reads(Which side) const { return termination::reads(session_, side); }
  [[nodiscard]] bool discards(Which side) const { return termination::discards(session_, side); }
  [[nodiscard]] bool awaits_ack(Which side) const { return termination::awaits_ack(session_, side); }
  [[nodiscard]] bool impossible(Happens happens) const {
    return !termination::step(session_, happens.event, happens.side).has_value();
  }
  [[nodiscard]] Verdict verdict() const {
    EXPECT_TRUE(termination::final(session_)) << "not at its end:" << told_;
    return termination::verdict(session_);
  }

 private:
  void nothing_more() {
    for (const Follows& follows : due_) ADD_FAILURE() << follows.text() << " followed unexpectedly:" << told_;
    due_.clear();
  }

  Session session_;
  std::deque<Follows> due_;
  std::string told_;
};

}  // namespace lastbyte::termination::test
