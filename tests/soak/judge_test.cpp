// The judge finds each kind of wrong observation, and nothing where all is right.
#include "tests/soak/judge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "tests/soak/sessions.h"

namespace lastbyte::soak {
namespace {

using namespace std::chrono_literals;

std::string text(const std::vector<Violation>& violations) {
  std::string all;
  for (const Violation& each : violations) all += each.clause + ": " + each.what + "\n";
  return all;
}

using Planting = std::function<void(Session&)>;

/// What is planted in a session that is right is found, with this clause.
void expect_found(Session session, const std::string& clause, const Planting& plant) {
  ASSERT_EQ(text(judge(session)), "");
  plant(session);
  const auto found = judge(session);
  EXPECT_TRUE(std::ranges::find(found, clause, &Violation::clause) != found.end())
      << "expected " << clause << ", found " << text(found);
}

TEST(SoakJudge, finds_nothing_where_all_is_right) {
  for (const Session& session :
       {complete(), complete("unix-unix"), reset_by_upstream(), refused_by_upstream(), unreachable(), rejected(),
        unasked(), cancelled(), idle(), introduced(), with_descriptors(), short_of_descriptors(), turned_away()})
    EXPECT_EQ(text(judge(session)), "") << print(session);
}

TEST(SoakJudge, T1_finds_bytes_that_are_wrong) {
  expect_found(complete(), "T1", [](Session& session) { session.client.base.first_wrong = 17; });
  expect_found(reset_by_upstream(), "T1", [](Session& session) { session.upstream.base.first_wrong = 0; });
}

TEST(SoakJudge, T1_finds_a_fin_ahead_of_bytes) {
  expect_found(complete(), "T1", [](Session& session) { session.client.base.received -= 1; });
  expect_found(reset_by_upstream(), "T1", [](Session& session) {
    session.client.base.fin = true;
    session.client.base.received -= 1;
  });
}

TEST(SoakJudge, T2_finds_bytes_and_fins_that_do_not_come) {
  expect_found(complete(), "T2", [](Session& session) {
    session.upstream.base.received = 0;
    session.upstream.base.fin = false;
    session.upstream.base.error = ECONNRESET;
  });
  expect_found(complete(), "T2", [](Session& session) { session.client.base.fin = false; });
}

TEST(SoakJudge, T3_finds_an_attempt_that_nobody_cancelled) {
  expect_found(complete(), "T3", [](Session& session) { session.record->connect_us = -1; });
  expect_found(complete(), "T3", [](Session& session) { session.connections = 2; });
  expect_found(cancelled(), "T3", [](Session& session) {
    session.connections = 1;
    session.upstream.base.connected = true;
    session.upstream.base.received = 1;
    session.record->client.received = session.record->client.delivered = 1;
  });
}

TEST(SoakJudge, T3_finds_a_clean_end_of_an_unreachable_upstream) {
  expect_found(unreachable(), "T3", [](Session& session) { session.client.base.fin = true; });
  expect_found(unreachable(), "T3", [](Session& session) { session.client.base.received = 5; });
}

TEST(SoakJudge, T3_finds_a_wrong_client_that_is_served) {
  expect_found(rejected(), "T3", [](Session& session) { session.connections = 1; });
  expect_found(rejected(), "T3", [](Session& session) { session.client.base.fin = true; });
  expect_found(rejected(), "T3", [](Session& session) { session.record->client.end = "fin"; });
  // A close within a good header may look like a FIN that cuts it off; a reset does not.
  Session closed = rejected();
  closed.plan.header = Header::told;
  closed.client.base.error = 0;
  closed.client.cut = true;
  closed.client.fin_sent = false;
  expect_found(closed, "T11", [](Session& session) { session.client.cut_by_reset = true; });
}

TEST(SoakJudge, T3_finds_an_upstream_that_hears_of_a_client_which_asked_nothing) {
  expect_found(unasked(), "T3", [](Session& session) { session.connections = 1; });
  expect_found(unasked(), "T3", [](Session& session) { session.client.base.fin = false; });
  expect_found(unasked(), "T3", [](Session& session) { session.client.base.error = ECONNRESET; });
  expect_found(unasked(), "T11", [](Session& session) { session.record->upstream.end = "unreachable"; });
  expect_found(unasked(), "T11", [](Session& session) { session.record->client.end = "reset"; });
  expect_found(unasked(), "T11", [](Session& session) { session.record->complete = true; });
}

TEST(SoakJudge, T4_finds_a_reset_that_is_presented_as_an_end) {
  expect_found(reset_by_upstream(), "T4", [](Session& session) {
    session.client.base.fin = true;
    session.client.base.error = 0;
  });
  expect_found(cancelled(), "T4", [](Session& session) { session.upstream.base.fin = true; });
}

TEST(SoakJudge, T4_finds_bytes_that_a_reset_has_eaten) {
  expect_found(reset_by_upstream(), "T4", [](Session& session) {
    session.client.base.received -= 100;
    session.record->upstream.delivered -= 100;
    session.record->upstream.undelivered = 100;
  });
  // What the kernel had not acknowledged yet is lost with every reset.
  Session session = reset_by_upstream();
  session.client.base.received -= 100;
  session.record->upstream.received -= 100;
  session.record->upstream.delivered -= 100;
  session.upstream.base.unacknowledged = 100;
  EXPECT_EQ(text(judge(session)), "");
}

TEST(SoakJudge, T5_finds_an_answer_without_its_fin) {
  expect_found(refused_by_upstream(), "T5", [](Session& session) {
    session.client.base.fin = false;
    session.client.base.error = ECONNRESET;
  });
}

/// lastbyte may not have looked before the FIN and the reset came: see T1 of docs/contract.md.
TEST(SoakJudge, T1_allows_a_reset_for_a_fin_behind_an_urgent_byte_of_an_upstream_that_resets) {
  Session session = refused_by_upstream();
  session.client.base.fin = false;
  session.client.base.error = ECONNRESET;
  session.plan.upstream.steps.push_back({.verb = Verb::urgent});
  for (const Violation& each : judge(session)) EXPECT_EQ(each.clause, "T11") << "the record of the example has the FIN";
}

TEST(SoakJudge, T6_finds_a_reset_that_a_close_has_caused) {
  expect_found(refused_by_upstream(), "T6", [](Session& session) { session.client.base.error = EPIPE; });
  expect_found(refused_by_upstream(), "T6", [](Session& session) {
    session.record->client.received = 600;
    session.record->client.undelivered = 100;
  });
}

TEST(SoakJudge, T8_finds_waiting_without_an_end_and_ends_without_waiting) {
  expect_found(complete(), "T8", [](Session& session) { session.client.base.timed_out = true; });
  expect_found(complete(), "T8", [](Session& session) { session.record->limit = "idle"; });
  expect_found(idle(), "T8", [](Session& session) { session.record->limit = "connect"; });
  // It was heard all the time.
  expect_found(idle(), "T8", [](Session& session) { session.client.sends = {1ms, 90ms, 180ms}; });
}

TEST(SoakJudge, T10_finds_an_error_that_is_made_up_or_forgotten) {
  expect_found(complete(), "T10", [](Session& session) { session.record->upstream.error = "ECONNRESET"; });
  expect_found(reset_by_upstream(), "T10", [](Session& session) { session.record->upstream.error = ""; });
}

TEST(SoakJudge, T11_finds_each_figure_that_is_wrong) {
  using Figure = std::uint64_t system_test::SideRecord::*;
  for (const Figure figure :
       {&system_test::SideRecord::received, &system_test::SideRecord::delivered, &system_test::SideRecord::undelivered,
        &system_test::SideRecord::discarded, &system_test::SideRecord::rescued}) {
    expect_found(complete(), "T11", [&](Session& session) { session.record->client.*figure += 1; });
    expect_found(complete(), "T11", [&](Session& session) { session.record->upstream.*figure += 1; });
  }
  // Sums that are right, of bytes that nobody sent, or that did not arrive.
  expect_found(complete(), "T11", [](Session& session) {
    session.record->client.received += 1;
    session.record->client.delivered += 1;
  });
  expect_found(refused_by_upstream(), "T11", [](Session& session) { session.upstream.base.received = kRequest + 1; });
  expect_found(reset_by_upstream(), "T11", [](Session& session) {
    session.record->upstream.delivered -= 1;
    session.record->upstream.undelivered += 1;
  });
}

TEST(SoakJudge, T11_finds_a_wrong_word_for_an_end) {
  for (const char* word : {"reset", "refused", "vanished", "limit", "left", "stopped", "unreachable"}) {
    expect_found(complete(), "T11", [&](Session& session) { session.record->upstream.end = word; });
    expect_found(complete(), "T11", [&](Session& session) { session.record->client.end = word; });
  }
  for (const char* word : {"fin", "refused", "passed_on"})
    expect_found(reset_by_upstream(), "T11", [&](Session& session) { session.record->upstream.end = word; });
  expect_found(reset_by_upstream(), "T11", [](Session& session) { session.record->client.end = "fin"; });
  expect_found(refused_by_upstream(), "T11", [](Session& session) { session.record->upstream.end = "reset"; });
  expect_found(unreachable(), "T11", [](Session& session) { session.record->upstream.end = "reset"; });
  expect_found(unreachable(), "T11", [](Session& session) { session.record->client.end = "fin"; });
  expect_found(cancelled(), "T11", [](Session& session) { session.record->upstream.end = "unreachable"; });
}

TEST(SoakJudge, T11_finds_wrong_claims) {
  expect_found(complete(), "T11", [](Session& session) { session.record->complete = false; });
  expect_found(reset_by_upstream(), "T11", [](Session& session) { session.record->complete = true; });
  for (const char* word : {"reset", "refused", "vanished", "limit", "stop", "none"})
    expect_found(complete(), "T11", [&](Session& session) { session.record->first = word; });
  expect_found(reset_by_upstream(), "T11", [](Session& session) { session.record->first_side = "client"; });
  expect_found(complete(), "T11", [](Session& session) { session.record->first_side = ""; });
}

TEST(SoakJudge, T11_finds_records_that_are_missing_or_too_many) {
  expect_found(complete(), "T11", [](Session& session) {
    session.records = 0;
    session.record.reset();
  });
  expect_found(complete(), "T11", [](Session& session) { session.records = 2; });
  expect_found(complete(), "T11", [](Session& session) { session.connections = 0; });
}

TEST(SoakJudge, T14_finds_descriptors_that_are_lost_or_come_with_other_bytes) {
  expect_found(with_descriptors(), "T14", [](Session& session) { session.upstream.took.clear(); });
  expect_found(with_descriptors(), "T14", [](Session& session) { session.upstream.took = {{0, 9, 3}}; });
  expect_found(with_descriptors(), "T14", [](Session& session) { session.upstream.took = {{10, 20, 3}}; });
  expect_found(with_descriptors(), "T14", [](Session& session) { session.upstream.took = {{0, 10, 2}}; });
  expect_found(with_descriptors(), "T11", [](Session& session) { session.record->client.descriptors = 2; });
  expect_found(with_descriptors(), "T11", [](Session& session) { session.record->client.descriptors = 4; });
}

TEST(SoakJudge, T14_takes_descriptors_for_lost_only_in_a_shortage) {
  // The upstream closed early, so that the errno of the shortage is not the first.
  Session session = with_descriptors();
  session.upstream.cut = true;
  session.upstream.base.fin = session.upstream.input_over = session.upstream.fin_sent = false;
  session.upstream.gave = {{kAnswer - 1, kAnswer, 2}};
  session.client.base.received -= 1;
  session.client.base.fin = false;
  session.client.base.error = ECONNRESET;
  session.record->complete = false;
  session.record->upstream.delivered = kAnswer - 1;
  session.record->upstream.undelivered = 1;
  session.record->upstream.end = "reset";
  session.record->upstream.error = "EPIPE";
  session.record->client.end = "passed_on";
  EXPECT_NE(text(judge(session)).find("T4"), std::string::npos) << text(judge(session));
  session.short_of_descriptors = true;
  EXPECT_EQ(text(judge(session)), "");
}

TEST(SoakJudge, T4_finds_a_clean_end_of_a_session_that_could_not_be_served) {
  expect_found(short_of_descriptors(), "T4", [](Session& session) { session.client.base.fin = true; });
  expect_found(short_of_descriptors(), "T11", [](Session& session) { session.record->complete = true; });
  expect_found(short_of_descriptors(), "T3", [](Session& session) { session.short_of_descriptors = false; });
}

TEST(SoakJudge, T15_finds_a_session_that_a_stop_has_lost) {
  expect_found(turned_away(), "T15", [](Session& session) { session.client.base.fin = true; });
  expect_found(turned_away(), "T15", [](Session& session) { session.client.base.received = 1; });
  expect_found(turned_away(), "T15", [](Session& session) { session.connections = 1; });
  expect_found(turned_away(), "T11", [](Session& session) { session.stopping = false; });
}

TEST(SoakJudge, T15_finds_a_connection_attempt_that_is_lost) {
  expect_found(complete(), "T15", [](Session& session) {
    session.client = {};
    session.client.base.error = ECONNREFUSED;
  });
}

TEST(SoakJudge, finds_a_wrong_proxy_header) {
  expect_found(introduced(), "T11", [](Session& session) { session.record->client.address = "127.0.0.1:40000"; });
  expect_found(introduced(), "T11", [](Session& session) { session.record->proxy_header = "v2"; });
  expect_found(introduced(), "T1", [](Session& session) { session.upstream.base.header = false; });
  expect_found(introduced(), "T1", [](Session& session) { session.upstream.base.told = session.client.base.local; });
  expect_found(introduced(), "T1", [](Session& session) { session.upstream.base.header_failure = "malformed"; });
}

TEST(SoakJudge, T14_takes_a_unix_reset_for_what_linux_makes_of_it) {
  // The end of both directions, which a peer that only reads cannot tell from a FIN.
  Session session = reset_by_upstream("unix-tcp");
  session.client.base.fin = true;
  session.client.base.error = 0;
  EXPECT_EQ(text(judge(session)), "");
  // Bytes that a UNIX socket took are not lost by its close.
  Session eaten = reset_by_upstream("tcp-unix");
  eaten.upstream.base.unread = 1;
  eaten.upstream.base.unacknowledged = 100;
  ASSERT_EQ(text(judge(eaten)), "");
  eaten.client.base.received -= 100;
  eaten.record->upstream.delivered -= 100;
  eaten.record->upstream.undelivered = 100;
  EXPECT_NE(text(judge(eaten)).find("T4"), std::string::npos) << text(judge(eaten));
}

}  // namespace
}  // namespace lastbyte::soak
