// A flow, step by step, over sockets that are no sockets.
#include "relay/stream/flow.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "tests/relay/stream/ends.h"

namespace lastbyte::relay {
namespace {

using termination::Event;
using What = Finding::What;

constexpr Orders kFlush{.flush = true, .read = true};
constexpr Orders kDiscard{.read = true, .discard = true};

TEST(Flow, moves_bytes_and_knows_that_a_short_read_has_emptied_the_queue) {
  Ends ends;
  ends.source().input = {{.bytes = "request"}};
  const Finding finding = ends.step();
  EXPECT_EQ(finding.what, What::moved);
  EXPECT_TRUE(finding.active);
  EXPECT_EQ(ends.sink().output, "request");
  EXPECT_EQ(ends.step().what, What::idle);
  EXPECT_EQ(ends.source().calls, 1) << "a read that would say EAGAIN is spared";
}

TEST(Flow, reads_on_after_a_hang_up_and_finds_the_fin) {
  Ends ends;
  ends.from.ready.hung_up = true;
  ends.source().input = {{.bytes = "last words"}, {}};
  EXPECT_EQ(ends.step().what, What::moved);
  const Finding end = ends.step();
  EXPECT_EQ(end.what, What::ended);
  EXPECT_EQ(end.event, Event::fin);
}

TEST(Flow, T9_keeps_what_a_full_sink_does_not_take_and_reads_no_more) {
  Ends ends;
  ends.sink().room = 3;
  ends.source().input = {{.bytes = "request"}, {.bytes = "more"}};
  EXPECT_EQ(ends.step().what, What::waits);
  EXPECT_EQ(ends.from.carrier.waiting(), 4U);
  EXPECT_FALSE(ends.to.ready.writable);
  EXPECT_EQ(ends.sink().calls, 1) << "a write that would say EAGAIN is spared";
  const int calls = ends.sink().calls;
  EXPECT_EQ(ends.step(kFlush).what, What::idle);
  EXPECT_EQ(ends.sink().calls, calls) << "nothing is written before the sink has room";

  ends.sink().room = 100;
  ends.to.ready.writable = true;
  EXPECT_EQ(ends.step(kFlush).what, What::drained);
  EXPECT_EQ(ends.sink().output, "request");
  EXPECT_FALSE(ends.from.carrier.block) << "an idle flow holds nothing";
}

TEST(Flow, T4_an_errno_is_latched_and_ends_the_flow_as_a_reset) {
  Ends ends;
  ends.source().input = {{.error = ECONNRESET}};
  const Finding end = ends.step();
  EXPECT_EQ(end.what, What::ended);
  EXPECT_EQ(end.event, Event::reset);
  EXPECT_EQ(ends.from.error, ECONNRESET);
}

TEST(Flow, T4_an_errno_of_the_network_tells_that_the_peer_has_vanished) {
  Ends ends;
  ends.source().input = {{.error = ETIMEDOUT}};
  EXPECT_EQ(ends.step().event, Event::vanished);
}

TEST(Flow, T10_a_read_of_nothing_after_an_errno_is_a_fin_only_if_the_kernel_says_so) {
  for (const bool fin_came : {false, true}) {
    Ends ends;
    ends.from.latch(EPIPE);
    ends.source().input = {{}};
    ends.source().fin_came = fin_came;
    EXPECT_EQ(ends.step().event, fin_came ? Event::fin : Event::reset);
  }
}

TEST(Flow, T10_a_splice_may_have_swallowed_the_errno) {
  Ends ends;
  ends.from.quirks.spliced_into = true;
  ends.source().input = {{}};
  ends.source().fin_came = false;
  EXPECT_EQ(ends.step().event, Event::reset);
  EXPECT_EQ(ends.from.error, ECONNRESET);
}

TEST(Flow, T10_a_fin_that_was_sent_shows_that_no_splice_swallowed_an_errno) {
  Ends ends;
  ends.from.quirks.spliced_into = ends.from.fin_sent = true;
  ends.source().input = {{}};
  ends.source().fin_came = false;  // what the kernel seems to say where urgent bytes make its count unsure
  EXPECT_EQ(ends.step().event, Event::fin);
  EXPECT_EQ(ends.from.error, 0);
}

TEST(Flow, T5_a_sink_that_refuses_is_reported_and_what_it_did_not_take_is_counted) {
  Ends ends;
  ends.sink().room = 2;
  ends.sink().write_error = EPIPE;
  ends.to.quirks.most_in_one_send = 2;
  ends.source().input = {{.bytes = "request"}};
  const Finding finding = ends.step();
  EXPECT_EQ(finding.what, What::sink_failed);
  EXPECT_EQ(finding.event, Event::refused);
  EXPECT_EQ(ends.from.ledger.dropped, 5U);
  EXPECT_EQ(ends.to.error, EPIPE);
  EXPECT_TRUE(ends.to.ready.readable) << "its true end is there to be read";
  EXPECT_TRUE(ends.to.quirks.urgent_is_inline) << "and so is urgent data that no event has told of";
  EXPECT_TRUE(ends.accounts());
}

TEST(Flow, T5_a_sink_that_refuses_while_bytes_wait_leaves_them_to_be_dropped) {
  Ends ends;
  ends.sink().room = 3;
  ends.source().input = {{.bytes = "request"}};
  EXPECT_EQ(ends.step().what, What::waits);
  ends.sink().room = 1;
  ends.sink().write_error = ECONNRESET;
  ends.to.quirks.most_in_one_send = 1;
  ends.to.ready.writable = true;
  EXPECT_EQ(ends.step(kFlush).what, What::sink_failed);
  ends.flow().drop_waiting();
  EXPECT_EQ(ends.to.ledger.sent, 4U);
  EXPECT_EQ(ends.from.ledger.dropped, 3U);
  EXPECT_TRUE(ends.accounts());
}

TEST(Flow, T5_bytes_of_a_source_that_has_refused_are_rescued) {
  Ends ends;
  ends.source().input = {{.bytes = "answer"}};
  ends.step({.read = true, .rescues = true});
  EXPECT_EQ(ends.from.ledger.rescued, 6U);
}

TEST(Flow, T6_discarded_bytes_are_counted_and_are_no_activity) {
  Ends ends;
  ends.source().input = {{.bytes = "flood"}};
  const Finding finding = ends.step(kDiscard);
  EXPECT_EQ(finding.what, What::moved);
  EXPECT_TRUE(finding.heard);
  EXPECT_FALSE(finding.active);
  EXPECT_EQ(ends.from.ledger.discarded, 5U);
  EXPECT_EQ(ends.sink().output, "");
  EXPECT_TRUE(ends.from.quirks.urgent_is_inline) << "the next read waits for no event";
}

TEST(Flow, T14_the_last_byte_of_a_unix_peer_that_may_be_reset_stays_unread) {
  Ends ends;
  ends.from.kind = net::Transport::unix_stream;
  ends.source().input = {{.bytes = "flood"}};
  const Orders orders{.read = true, .discard = true, .may_reset = true};
  EXPECT_EQ(ends.step(orders).what, What::moved);
  EXPECT_EQ(ends.step(orders).what, What::idle);
  EXPECT_EQ(ends.from.ledger.discarded, 4U);
}

TEST(Flow, T12_a_used_up_budget_ends_the_round) {
  Ends ends;
  ends.budget = 100;
  ends.source().input = {{.bytes = "a"}, {.bytes = "b"}};
  ends.from.ready.hung_up = true;
  EXPECT_EQ(ends.step().what, What::moved) << "a read takes 256 bytes of the budget at least";
  EXPECT_EQ(ends.step().what, What::idle);
  EXPECT_EQ(ends.source().calls, 1);
}

TEST(Flow, T12_discarded_bytes_take_from_the_budget) {
  Ends ends;
  ends.budget = 100;
  ends.source().input = {{.bytes = "a"}, {.bytes = "b"}};
  EXPECT_EQ(ends.step(kDiscard).what, What::moved);
  EXPECT_EQ(ends.budget, 0U);
  EXPECT_EQ(ends.step(kDiscard).what, What::idle);
}

TEST(Flow, bulk_is_spliced_and_copied_again_once_it_calms_down) {
  Ends ends;
  ends.budget = std::size_t{1} << 30U;
  ends.from.ready.hung_up = true;
  ends.source().input = {{.bytes = std::string(3 * kBlockSize, 'x')}};
  for (int read = 0; read < 2; ++read) EXPECT_EQ(ends.step().what, What::moved);
  EXPECT_FALSE(ends.source().splices);
  EXPECT_EQ(ends.step().what, What::moved);
  EXPECT_TRUE(ends.source().splices);
  for (int small = 0; small < 4; ++small) {
    ends.source().input = {{.bytes = "small"}};
    EXPECT_EQ(ends.step().what, What::moved);
  }
  EXPECT_FALSE(ends.from.carrier.bulk);
  EXPECT_EQ(ends.sink().output.size(), 3 * kBlockSize + 4 * 5);
  ends.flow().rest();
  EXPECT_FALSE(ends.from.carrier.pipe) << "an empty pipe goes back";
}

TEST(Flow, the_preface_goes_ahead_of_the_clients_bytes_and_is_not_theirs) {
  Ends ends;
  ends.preface = {.text = "PROXY UNKNOWN\r\n", .sent = 0, .owed = true};
  ends.sink().room = 6;
  EXPECT_EQ(ends.step(kFlush).what, What::idle);
  EXPECT_EQ(ends.sink().output, "PROXY ");
  ends.sink().room = 100;
  ends.to.ready.writable = true;
  EXPECT_EQ(ends.step(kFlush).what, What::drained);
  ends.source().input = {{.bytes = "request"}};
  ends.step();
  EXPECT_EQ(ends.sink().output, "PROXY UNKNOWN\r\nrequest");
  EXPECT_EQ(flow_record(ends.from.ledger, ends.to.ledger).delivered, 7U);
}

TEST(Flow, T4_a_datagram_sockets_error_waits_for_the_datagrams_before_it) {
  Ends ends;
  ends.from.kind = net::Transport::udp;
  ends.source().input = {{.error = ECONNREFUSED}, {.bytes = "answer"}};
  EXPECT_EQ(ends.step().what, What::moved);
  EXPECT_EQ(ends.step().what, What::moved);
  EXPECT_EQ(ends.sink().output, "answer");
  const Finding end = ends.step();
  EXPECT_EQ(end.what, What::ended);
  EXPECT_EQ(end.event, Event::reset);
}

struct UnixEnds : Ends {
  UnixEnds() { from.kind = to.kind = net::Transport::unix_stream; }
};

TEST(Flow, T14_descriptors_pass_with_their_bytes) {
  UnixEnds ends;
  ends.source().input = {{.bytes = "plain"}, {.bytes = "with", .descriptors = 2}};
  EXPECT_EQ(ends.step().what, What::moved);
  EXPECT_EQ(ends.step().what, What::moved);
  EXPECT_EQ(ends.sink().output, "plainwith");
  EXPECT_EQ(ends.sink().passed, 2);
  EXPECT_EQ(ends.from.ledger.descriptors, 2U);
}

TEST(Flow, T14_descriptors_wait_in_the_kernel_while_their_sink_is_full) {
  UnixEnds ends;
  ends.sink().room = 0;
  ends.source().input = {{.bytes = "with", .descriptors = 1}};
  EXPECT_EQ(ends.step().what, What::idle);
  EXPECT_EQ(ends.source().calls, 0);
  EXPECT_EQ(ends.from.carrier.waiting(), 0U);
}

TEST(Flow, T12_descriptors_wait_in_the_kernel_while_too_many_are_in_flight) {
  UnixEnds ends;
  ends.in_flight.set_bound(2 * net::kMostDescriptors);
  ASSERT_TRUE(ends.in_flight.try_add(8, 0, net::kMostDescriptors, TimePoint{}));
  ASSERT_TRUE(ends.in_flight.try_add(9, 0, net::kMostDescriptors, TimePoint{}));
  ends.source().input = {{.bytes = "with", .descriptors = 1}};
  EXPECT_EQ(ends.step().what, What::idle);
  EXPECT_TRUE(ends.waits_for_share);
  EXPECT_EQ(ends.source().calls, 0);
  ends.in_flight.remove(8, net::kMostDescriptors);
  EXPECT_EQ(ends.step().what, What::moved);
  EXPECT_EQ(ends.to.in_flight, 1U) << "of the room that was reserved, the message needs one place";
  EXPECT_EQ(ends.in_flight.total(), net::kMostDescriptors + 1);
}

TEST(Flow, T12_descriptors_that_the_peer_has_received_are_not_in_flight) {
  UnixEnds ends;
  ends.source().input = {{.bytes = "with", .descriptors = 2}};
  ends.step();
  EXPECT_EQ(ends.in_flight.total(), 2U);
  Share share(ends.in_flight, ends.sides, ends.waits_for_share, TimePoint{});
  share.look(ends.to);
  EXPECT_EQ(ends.in_flight.total(), 2U);
  ends.sink().received = true;
  share.look(ends.to);
  EXPECT_EQ(ends.in_flight.total(), 0U);
  EXPECT_EQ(ends.to.in_flight, 0U);
}

TEST(Flow, T14_descriptors_that_cannot_be_received_fail_the_flow) {
  UnixEnds ends;
  ends.source().input = {{.bytes = "with", .descriptors = 1, .loses_some = true}};
  const Finding finding = ends.step();
  EXPECT_EQ(finding.what, What::stranded);
  EXPECT_EQ(finding.error, EMFILE);
  EXPECT_EQ(ends.sink().output, "");
  EXPECT_TRUE(ends.accounts());
}

/// Whatever comes in, in whatever pieces, and whenever the sink is full or fails: each byte is accounted for (T11), and
/// the sink has got the beginning of what was sent, in order (T1).
RC_GTEST_PROP(FlowProperties, T11_every_byte_is_accounted_for, ()) {
  Ends ends;
  const auto sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 3 * kBlockSize));
  std::string all;
  for (const std::size_t size : sizes) {
    std::string piece(size, '\0');
    for (char& each : piece) each = static_cast<char>('a' + all.size() % 23);
    all += piece;
    ends.source().input.push_back({.bytes = piece});
  }
  ends.source().input.push_back({});
  ends.from.ready.hung_up = true;
  const bool fails = *rc::gen::arbitrary<bool>();
  const auto fails_at = *rc::gen::inRange<std::size_t>(0, all.size() + 1);
  std::size_t rooms = 0;
  bool waits = false;
  bool failed = false;
  for (int round = 0; round < 10'000; ++round) {
    ends.budget = kBlockSize;
    if (!ends.to.ready.writable && !failed) {
      ends.sink().room = *rc::gen::inRange<std::size_t>(1, 2 * kBlockSize);
      rooms += ends.sink().room;
      ends.sink().write_error = fails && rooms > fails_at ? EPIPE : 0;
      ends.to.ready.writable = true;
    }
    const Finding finding = ends.step({.flush = waits, .read = true, .discard = failed});
    RC_ASSERT(ends.accounts() || finding.what == What::sink_failed);
    if (finding.what == What::waits) waits = true;
    if (finding.what == What::drained) waits = false;
    if (finding.what == What::sink_failed) {
      ends.flow().drop_waiting();
      waits = false;
      failed = true;
    }
    RC_ASSERT(ends.accounts());
    if (finding.what == What::ended) break;
  }
  RC_ASSERT(ends.from.ledger.received == all.size());
  RC_ASSERT(all.starts_with(ends.sink().output));
  RC_ASSERT(failed || ends.sink().output == all);
}

}  // namespace
}  // namespace lastbyte::relay
