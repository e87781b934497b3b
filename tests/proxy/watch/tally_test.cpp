#include "proxy/watch/tally.h"

#include <gtest/gtest.h>

namespace lastbyte::proxy {
namespace {

TEST(Tally, who_was_turned_away_is_told_as_far_as_there_was_anybody) {
  EXPECT_EQ(turned_away({}), "");
  EXPECT_EQ(turned_away({.accepted = 9, .ended = 9}), "");
  EXPECT_EQ(turned_away({.denied = 1}), "turned away: 1 client by client.allow or client.deny");
  EXPECT_EQ(turned_away({.over_limit = 2, .bad_greetings = 3}),
            "turned away: 2 clients by max-sessions-per-client, 3 clients for the PROXY header");
  EXPECT_EQ(
      turned_away({.datagrams_dropped = 12, .datagrams_refused = 5}),
      "turned away: 5 datagrams of clients that got no session, 12 datagrams of sessions, not taken by the kernel");
}

TEST(Tally, pauses_turn_nobody_away) {
  EXPECT_EQ(pauses({}), "");
  EXPECT_EQ(pauses({.accept_pauses = 1}), "accepting paused 1 time, for want of descriptors or memory");
  EXPECT_EQ(turned_away({.accept_pauses = 1}), "");
}

TEST(Tally, adds_up_all_workers) {
  relay::Counters one;
  relay::Counters two;
  one.accepted = 3, one.ended = 2, one.open = 1, one.denied_clients = 4, one.refused_clients = 5;
  two.accepted = 10, two.ended = 20, two.stopped = 30, two.bad_greetings = 40, two.records_dropped = 50;
  two.datagrams_dropped = 60, two.datagrams_refused = 70, two.accept_pauses = 80;
  Tally all;
  all.add(one);
  all.add(two);
  EXPECT_EQ(all.accepted, 13U);
  EXPECT_EQ(all.ended, 22U);
  EXPECT_EQ(all.open, 1U);
  EXPECT_EQ(all.stopped, 30U);
  EXPECT_EQ(all.records_dropped, 50U);
  EXPECT_EQ(all.denied, 4U);
  EXPECT_EQ(all.over_limit, 5U);
  EXPECT_EQ(all.bad_greetings, 40U);
  EXPECT_EQ(all.datagrams_dropped, 60U);
  EXPECT_EQ(all.datagrams_refused, 70U);
  EXPECT_EQ(all.accept_pauses, 80U);
}

}  // namespace
}  // namespace lastbyte::proxy
