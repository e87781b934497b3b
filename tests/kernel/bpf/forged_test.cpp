// Reset reasons that need a forged segment. reasons_test.cpp has the others.
#include "tests/kernel/bpf/watched.h"

namespace lastbyte::kernel {
namespace {

using namespace test;

class Forgery : public Reasons {
 protected:
  /// Connects to a listener that receives nothing, and answers with a forged segment in its place.
  void answered(const std::string& reason, const std::function<void(const Segment& syn, Forged&)>& change) {
    if (!net::test::Deaf::possible()) GTEST_SKIP() << "this kernel does not let us attach a socket filter";
    watched([&] {
      const Descriptor listening = net::test::listener();
      const net::test::Deaf deaf(listening);
      const net::Address to = net::local_address(listening.get());
      const Descriptor client = start_towards(to);
      const Segment syn = wire_->wait_for([&](const Segment& each) { return (each.flags & kSyn) != 0; });
      ASSERT_EQ(syn.to, to.text());
      const std::string here = local(client);
      Forged forged;
      forged.from_port = to.port();
      forged.to_port = net::local_address(client.get()).port();
      forged.sequence = 1000;
      forged.acknowledgement = syn.sequence + 1;
      forged.flags = kSyn | kAck;
      change(syn, forged);
      if (!send_forged(forged)) GTEST_SKIP() << "no raw sockets here";
      expect_sent(reason, here, to.text());
    });
  }
};

/// A connection in SYN_RECV, made by a simultaneous open (RFC 9293 3.5), receives a forged ACK.
class OpenedByBoth : public Forgery {
 protected:
  void acknowledged(const std::string& reason, std::int32_t beyond) {
    if (!net::test::Deaf::possible()) GTEST_SKIP() << "this kernel does not let us attach a socket filter";
    watched([&] {
      const Descriptor listening = net::test::listener();
      const net::test::Deaf deaf(listening);
      const net::Address to = net::local_address(listening.get());
      const Descriptor client = start_towards(to);
      const std::string here = local(client);
      const Segment syn = wire_->wait_for([&](const Segment& each) { return each.from == here; });
      Forged forged;
      forged.from_port = to.port();
      forged.to_port = net::local_address(client.get()).port();
      forged.sequence = 1000;
      forged.flags = kSyn;
      if (!send_forged(forged)) GTEST_SKIP() << "no raw sockets here";
      wire_->wait_for([&](const Segment& each) { return each.from == here && each.flags == (kSyn | kAck); });
      forged.sequence = 1001;
      forged.acknowledgement = syn.sequence + 1 + static_cast<std::uint32_t>(beyond);
      forged.flags = kAck;
      ASSERT_TRUE(send_forged(forged));
      const TcpEvent sent = expect_sent(reason, here, to.text());
      expect_mine(sent);
      EXPECT_EQ(state_text(sent.state), "SYN_RECV");
    });
  }
};

TEST_P(OpenedByBoth, an_ack_for_what_was_never_sent_is_ack_unsent_data) { acknowledged("TCP_ACK_UNSENT_DATA", 1000); }

TEST_P(OpenedByBoth, an_ack_from_before_the_connection_is_too_old_ack) { acknowledged("TCP_TOO_OLD_ACK", -1000); }

/// TCP_OLD_ACK is for an ACK from before, but not from further back than what was acknowledged so far; and before a
/// connection is established nothing was (net/ipv4/tcp_input.c tcp_ack: bytes_acked). This kernel never sends it.
TEST_P(OpenedByBoth, an_ack_of_one_byte_before_the_connection_is_too_old_and_never_old_ack) {
  acknowledged("TCP_TOO_OLD_ACK", -2);
}

TEST_P(Forgery, a_second_syn_that_differs_is_invalid_syn) {
  if (!net::test::Deaf::possible()) GTEST_SKIP() << "this kernel does not let us attach a socket filter";
  watched([&] {
    const Descriptor listening = net::test::listener();
    const Descriptor peer = net::test::listener();  // deaf: it answers nothing
    const net::test::Deaf deaf(peer);
    const std::string here = local(listening);
    Forged forged;
    forged.from_port = net::local_address(peer.get()).port();
    forged.to_port = net::local_address(listening.get()).port();
    forged.sequence = 1000;
    forged.flags = kSyn;
    if (!send_forged(forged)) GTEST_SKIP() << "no raw sockets here";
    wire_->wait_for([&](const Segment& each) { return each.from == here; });
    forged.sequence = 1100;
    ASSERT_TRUE(send_forged(forged));
    // tracefs reports the socket's own addresses, and a listener has no peer.
    if (by_programs()) {
      expect_sent("INVALID_SYN", here, local(peer));
    } else {
      EXPECT_EQ(wait_for(EventKind::reset_sent, here, "0.0.0.0:0").reason, "INVALID_SYN");
    }
  });
}

TEST_P(Forgery, an_answer_that_acknowledges_nothing_we_sent_is_invalid_ack_sequence) {
  answered("TCP_INVALID_ACK_SEQUENCE",
           [](const Segment& syn, Forged& forged) { forged.acknowledgement = syn.sequence + 77; });
}

TEST_P(Forgery, an_answer_with_a_timestamp_we_never_sent_is_paws) {
  answered("TCP_RFC7323_PAWS", [](const Segment& syn, Forged& forged) {
    forged.timestamp = 1;
    forged.timestamp_echo = syn.timestamp + 1'000'000;
  });
}

INSTANTIATE_TEST_SUITE_P(At, OpenedByBoth, ::testing::Values(Level::typed, Level::raw, Level::tracefs), level_name);
INSTANTIATE_TEST_SUITE_P(At, Forgery, ::testing::Values(Level::typed, Level::raw, Level::tracefs), level_name);

}  // namespace
}  // namespace lastbyte::kernel
