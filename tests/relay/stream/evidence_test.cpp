// The record that the evidence of a session makes.
#include "relay/stream/evidence.h"

#include <gtest/gtest.h>

#include "termination/transition.h"

namespace lastbyte::relay {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using termination::Event;
using termination::Which;

const TimePoint kBegan = TimePoint{} + std::chrono::hours(1);

struct Ended {
  Ended() {
    listener.forwarding = std::make_shared<const Forwarding>();
    listener.name = std::make_shared<const std::string>("web");
    listener.listen = std::make_shared<const std::string>("127.0.0.1:80");
    times = {.started = kBegan, .connected = kBegan + milliseconds(3), .activity = kBegan};
    state = termination::new_session();
  }
  void happens(Event event, Which which) { state = termination::step(state, event, which)->session; }
  /// Request, answer, both FINs, all acknowledged.
  void completes() {
    happens(Event::connected, Which::upstream);
    for (const Which which : termination::kBoth) happens(Event::fin, which);
    for (const Which which : termination::kBoth) happens(Event::acked, which);
  }
  Side& side(Which which) { return sides[static_cast<std::size_t>(which)]; }
  [[nodiscard]] Record record() const {
    return record_of({.id = 7,
                      .listener = listener,
                      .state = state,
                      .abandoned = Abandoned::no,
                      .sides = sides,
                      .times = times,
                      .client = client,
                      .upstream = upstream ? &*upstream : nullptr,
                      .retries = retries,
                      .introduction = nullptr},
                     kBegan + milliseconds(10), std::chrono::system_clock::time_point(std::chrono::seconds(100)));
  }

  ListenerState listener;
  Times times{.started = kBegan, .activity = kBegan};
  termination::Session state;
  std::array<Side, 2> sides;
  net::Address client = *net::Address::parse("192.0.2.7", 4711);
  std::optional<net::Address> upstream = net::Address::parse("192.0.2.1", 80);
  std::uint32_t retries = 0;
};

TEST(Evidence, T11_tells_who_when_and_what_became_of_each_byte) {
  Ended session;
  session.completes();
  session.side(Which::client).ledger.received = session.side(Which::upstream).ledger.sent = 10;
  session.side(Which::upstream).ledger.received = session.side(Which::client).ledger.sent = 20;
  session.retries = 1;
  const Record record = session.record();
  EXPECT_EQ(record.id, 7U);
  EXPECT_EQ(*record.forwarding, "web");
  EXPECT_EQ(record.duration, milliseconds(10));
  EXPECT_EQ(record.started.time_since_epoch(), std::chrono::seconds(100) - milliseconds(10));
  EXPECT_EQ(record.stream().connect_duration, milliseconds(3));
  EXPECT_EQ(record.stream().retries, 1U);
  EXPECT_TRUE(record.stream().verdict.complete);
  EXPECT_EQ(record.sides[0].address, session.client);
  EXPECT_EQ(record.sides[1].address, *session.upstream);
  EXPECT_EQ(record.stream().flows[0].delivered, 10U);
  EXPECT_EQ(record.stream().flows[1].delivered, 20U);
}

TEST(Evidence, T3_a_session_that_never_reached_its_upstream_has_no_time_of_connecting) {
  Ended session;
  session.times.connected = TimePoint{};
  session.upstream.reset();
  session.happens(Event::connect_failed, Which::upstream);
  const Record record = session.record();
  EXPECT_EQ(record.stream().connect_duration, microseconds(-1));
  EXPECT_TRUE(record.sides[1].address.none());
  EXPECT_EQ(record.stream().verdict.end(Which::upstream), termination::End::unreachable);
}

TEST(Evidence, T5_bytes_are_rescued_only_where_their_sender_had_refused_some) {
  for (const std::uint64_t refused : {0U, 5U}) {
    Ended session;
    session.completes();
    session.side(Which::client).ledger.received = refused;
    session.side(Which::client).ledger.dropped = refused;
    session.side(Which::upstream).ledger.received = session.side(Which::client).ledger.sent = 20;
    session.side(Which::upstream).ledger.rescued = 20;
    EXPECT_EQ(session.record().stream().flows[1].rescued, refused == 0 ? 0U : 20U);
  }
}

}  // namespace
}  // namespace lastbyte::relay
