// Reset reasons of Multipath TCP (RFC 8684 3.6), as those of reasons_test.cpp are told.
#include <linux/mptcp.h>

#include "process/process.h"
#include "tests/kernel/bpf/watched.h"

namespace lastbyte::kernel {
namespace {

using namespace test;

constexpr int kSolMptcp = 284;
constexpr int kIpprotoMptcp = 262;

/// A connection of Multipath TCP on loopback.
struct MptcpPair {
  Descriptor listening;
  Descriptor client;
  Descriptor server;
  net::Address at;  ///< of the listener
};

Descriptor mptcp_listener(int backlog = 8) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, kIpprotoMptcp));
  const net::Address any = *net::Address::parse("127.0.0.1", 0);
  if (socket) {
    EXPECT_EQ(::bind(socket.get(), any.data(), any.size()), 0);
    EXPECT_EQ(::listen(socket.get(), backlog), 0);
  }
  return socket;
}

std::vector<std::uint8_t> join_syn(std::uint32_t token) {
  std::vector<std::uint8_t> option{30, 12, 0x10, 1};
  for (const int shift : {24, 16, 8, 0}) option.push_back(static_cast<std::uint8_t>(token >> shift));
  option.insert(option.end(), {5, 6, 7, 8});  // a nonce
  return option;
}

class Mptcp : public Reasons {
 protected:
  void with_mptcp(const std::function<void()>& body) {
    if (!net::test::Deaf::possible()) GTEST_SKIP() << "this kernel does not let us attach a socket filter";
    std::string why_not;
    watched([&] {
      if (!Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, kIpprotoMptcp))) {
        why_not = "this kernel has no Multipath TCP (CONFIG_MPTCP, net.mptcp.enabled)";
        return;
      }
      body();
    });
    if (!why_not.empty()) GTEST_SKIP() << why_not;
  }

  /// "hello" was received, and its acknowledgement came back: both ends take the connection for established.
  static MptcpPair connected() {
    MptcpPair pair;
    pair.listening = mptcp_listener();
    pair.at = net::local_address(pair.listening.get());
    pair.client = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, kIpprotoMptcp));
    EXPECT_EQ(::connect(pair.client.get(), pair.at.data(), pair.at.size()), 0);
    pair.server = net::test::accept_one(pair.listening);
    EXPECT_TRUE(net::test::send_all(pair.client, "hello"));
    EXPECT_EQ(net::test::receive(pair.server, 1), "5");
    EXPECT_TRUE(net::test::send_all(pair.server, "world"));
    EXPECT_EQ(net::test::receive(pair.client, 1), "5");
    return pair;
  }
  /// The token by which others join the connection at this end.
  static std::uint32_t token_of(const Descriptor& socket) {
    mptcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(::getsockopt(socket.get(), kSolMptcp, MPTCP_INFO, &info, &size), 0);
    return info.mptcpi_token;
  }
  /// Runs a program in the namespace of the test. False: it is not there, or failed.
  static bool command(const std::vector<std::string>& arguments) {
    auto process = process::Process::start(arguments, -1);
    if (!process) return false;
    std::optional<int> status;
    net::test::eventually([&] { return (status = process->ended()).has_value(); });
    return status == 0;
  }
  /// The segment that joins from 127.0.0.2, once it is there. False: ip(8) cannot ask for it.
  static bool joins_from_second_address() {
    return command({"ip", "mptcp", "limits", "set", "subflow", "1"}) &&
           command({"ip", "mptcp", "endpoint", "add", "127.0.0.2", "subflow"});
  }
  Segment joining(std::uint8_t flags) {
    return wire_->wait_for([&](const Segment& each) {
      const std::string& end = flags == (kSyn | kAck) ? each.to : each.from;
      return each.flags == flags && end.starts_with("127.0.0.2:");
    });
  }
  static std::uint16_t port_of(const std::string& place) {
    return static_cast<std::uint16_t>(std::stoi(place.substr(place.find(':') + 1)));
  }
  /// As wait_for(), of a listener: the kernel's text has its address, and no peer.
  void expect_of_listener(const std::string& reason, const std::string& local, const std::string& remote) {
    if (by_programs()) {
      expect_sent(reason, local, remote);
    } else {
      EXPECT_EQ(wait_for(EventKind::reset_sent, local, "0.0.0.0:0").reason, reason);
    }
  }
};

TEST_P(Mptcp, a_join_with_a_token_that_nobody_gave_is_emptcp) {
  with_mptcp([&] {
    const Descriptor listening = mptcp_listener();
    const Descriptor peer = net::test::listener();  // answers nothing
    const net::test::Deaf deaf(peer);
    Forged forged;
    forged.from_port = net::local_address(peer.get()).port();
    forged.to_port = net::local_address(listening.get()).port();
    forged.sequence = 1000;
    forged.flags = kSyn;
    forged.options = join_syn(0x01020304);
    if (!send_forged(forged)) GTEST_SKIP() << "no raw sockets here";
    expect_of_listener("MPTCP_RST_EMPTCP", local(listening), local(peer));
  });
}

TEST_P(Mptcp, a_join_at_a_port_that_was_not_announced_is_eprohibit) {
  with_mptcp([&] {
    const MptcpPair pair = connected();
    const Descriptor other = mptcp_listener();
    const Descriptor peer = net::test::listener();
    const net::test::Deaf deaf(peer);
    Forged forged;
    forged.from_port = net::local_address(peer.get()).port();
    forged.to_port = net::local_address(other.get()).port();
    forged.sequence = 1000;
    forged.flags = kSyn;
    forged.options = join_syn(token_of(pair.server));
    if (!send_forged(forged)) GTEST_SKIP() << "no raw sockets here";
    expect_of_listener("MPTCP_RST_EPROHIBIT", local(other), local(peer));
  });
}

TEST_P(Mptcp, bytes_without_a_mapping_on_a_second_subflow_are_emiddlebox) {
  with_mptcp([&] {
    if (!joins_from_second_address()) GTEST_SKIP() << "ip(8) cannot make endpoints of Multipath TCP here";
    const MptcpPair pair = connected();
    const Segment answer = joining(kSyn | kAck);
    ASSERT_NE(answer.sequence, 0U) << "no second subflow";
    Forged forged;
    forged.from = "127.0.0.2";
    forged.from_port = port_of(answer.to);
    forged.to_port = pair.at.port();
    forged.sequence = answer.acknowledgement;
    forged.acknowledgement = answer.sequence + 1;
    forged.flags = kAck;
    forged.data = "x";
    // The subflow must be established at the server's end first, of which nothing tells.
    TcpEvent sent;
    ASSERT_TRUE(net::test::eventually([&] {
      if (!send_forged(forged)) return false;
      gather();
      for (const TcpEvent& each : events_)
        if (each.kind == EventKind::reset_sent && each.remote.text() == answer.to) sent = each;
      return !sent.reason.empty();
    }));
    EXPECT_EQ(sent.reason, "MPTCP_RST_EMIDDLEBOX");
    EXPECT_EQ(sent.local.text(), pair.at.text());
  });
}

TEST_P(Mptcp, a_first_answer_on_a_second_subflow_without_options_is_eunspec) {
  with_mptcp([&] {
    if (!joins_from_second_address() || !command({"nft", "add", "table", "ip", "t"}) ||
        !command({"nft", "add", "chain", "ip", "t", "i", "{ type filter hook input priority 0; }"}) ||
        !command(
            {"nft", "add", "rule", "ip", "t", "i", "ip", "daddr", "127.0.0.2", "tcp", "flags", "==", "ack", "drop"}))
      GTEST_SKIP() << "no ip(8) for Multipath TCP or no nft(8) here";
    const MptcpPair pair = connected();
    const Segment answer = joining(kSyn | kAck);
    ASSERT_NE(answer.sequence, 0U) << "no second subflow";
    Forged forged;
    forged.from_port = pair.at.port();
    forged.to = "127.0.0.2";
    forged.to_port = port_of(answer.to);
    forged.sequence = answer.sequence + 1;
    forged.acknowledgement = answer.acknowledgement;
    forged.flags = kAck | kPsh;
    if (!send_forged(forged)) GTEST_SKIP() << "no raw sockets here";
    expect_sent("MPTCP_RST_EUNSPEC", answer.to, pair.at.text());
  });
}

INSTANTIATE_TEST_SUITE_P(At, Mptcp, ::testing::Values(Level::typed, Level::raw, Level::tracefs), level_name);

}  // namespace
}  // namespace lastbyte::kernel
