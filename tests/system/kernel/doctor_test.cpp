// `lastbyte doctor`, run as its user does, in network namespaces that are made sick on purpose.
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "kernel/bpf/sockets.h"
#include "net/namespace/enter.h"
#include "tests/harness/loopback.h"
#include "tests/harness/own_network.h"
#include "tests/harness/process.h"

namespace lastbyte::system_test {
namespace {

class Doctor : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!network_) GTEST_SKIP() << "no network namespace of its own here";
  }

  void inside(const std::function<void()>& body) { ASSERT_TRUE(net::run_inside(network_.descriptor(), body)); }
  void set(const std::string& setting, const std::string& value) {
    bool written = false;
    inside([&] {
      std::ofstream file("/proc/sys/net/" + setting);
      file << value << std::flush;
      written = file.good();
    });
    if (!written) GTEST_SKIP() << "no setting may be changed here";
  }
  /// What it found there, and its exit status.
  nlohmann::json examine(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{LASTBYTE_BINARY, "doctor", "--json", "--window", "0.05"};
    if (std::find(more.begin(), more.end(), "--pid") == more.end())
      arguments.insert(arguments.end(), {"--netns", network_.path()});
    arguments.insert(arguments.end(), more.begin(), more.end());
    Process process(Command{.arguments = arguments});
    status_ = process.wait().value_or(-1);
    return nlohmann::json::parse(process.out(), nullptr, false);
  }
  static std::set<std::string> ids(const nlohmann::json& report) {
    std::set<std::string> all;
    for (const auto& each : report["findings"]) all.insert(each["id"].get<std::string>());
    // What this machine forbids is no sickness of the namespace.
    all.erase("io-uring-forbidden");
    all.erase("tracing-limited");
    return all;
  }

  net::test::OwnNetwork network_;
  int status_ = -1;
};

using Ids = std::set<std::string>;

TEST_F(Doctor, finds_nothing_in_a_fresh_namespace) {
  const auto report = examine();
  EXPECT_EQ(ids(report), Ids{}) << report.dump(2);
  EXPECT_EQ(status_, 0);
  EXPECT_TRUE(report["abilities"].contains("tp_btf"));
  EXPECT_TRUE(report["counters"].contains("Tcp:OutRsts"));
}

TEST_F(Doctor, reads_the_settings_of_the_namespace_and_exits_by_severity) {
  set("ipv4/tcp_timestamps", "0");
  set("ipv4/tcp_abort_on_overflow", "1");
  set("ipv4/ip_local_port_range", "50000 50999");
  set("core/somaxconn", "16");
  const auto report = examine();
  EXPECT_EQ(ids(report), (Ids{"timestamps-off", "abort-on-overflow", "port-range-narrow", "somaxconn-low"}));
  EXPECT_EQ(status_, 1);
}

TEST_F(Doctor, finds_a_listener_that_nobody_takes_connections_from_and_its_overflow) {
  std::vector<Descriptor> clients;
  Descriptor listening;
  inside([&] {
    listening = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    any.sin_port = htons(80);
    ASSERT_EQ(::bind(listening.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    ASSERT_EQ(::listen(listening.get(), 1), 0);
    for (int each = 0; each < 4; ++each) {
      clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(clients.back().get(), reinterpret_cast<sockaddr*>(&any), sizeof any);
    }
  });
  ASSERT_TRUE(eventually([&] { return ids(examine()).contains("listen-overflows"); }));
  const auto report = examine();
  EXPECT_TRUE(ids(report).contains("listener-stalled")) << report.dump(2);
  EXPECT_EQ(status_, 3) << "the queue is full";
}

TEST_F(Doctor, counts_resets_by_cause) {
  inside([&] {
    net::test::Pair pair = net::test::connected_pair();
    ASSERT_TRUE(net::test::send_all(pair.client, "unread"));
    ASSERT_TRUE(net::test::eventually([&] { return net::test::unread(pair.server) == 6; }));
    pair.server.close();
  });
  const auto report = examine();
  EXPECT_EQ(ids(report), Ids{"abort-on-close"});
  EXPECT_EQ(status_, 0) << "it is over: a note";
  EXPECT_EQ(report["counters"]["TcpExt:TCPAbortOnClose"]["total"], 1);
}

/// A child in the test's namespace with sockets that are dangerous; it closes them when it is told to.
class DoctorOfAProcess : public Doctor {
 protected:
  void SetUp() override {
    Doctor::SetUp();
    if (IsSkipped()) return;
    inside([&] {
      pair_ = net::test::connected_pair();
      const linger now{1, 0};
      ::setsockopt(pair_.server.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
      ASSERT_TRUE(net::test::send_all(pair_.client, "123"));
      ::shutdown(pair_.client.get(), SHUT_WR);
      ASSERT_TRUE(net::test::eventually([&] { return net::test::unread(pair_.server) == 3; }));
      child_ = ::fork();
      if (child_ == 0) {
        ::alarm(120);
        pair_.client.close();
        for (;;) ::pause();
      }
    });
    pair_.server.close();
  }
  void TearDown() override {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  net::test::Pair pair_;
  pid_t child_ = -1;
};

TEST_F(DoctorOfAProcess, finds_linger_0_and_unread_input_with_a_peer_that_waits) {
  const auto can = kernel::list_sockets(static_cast<std::uint32_t>(::getpid()));
  if (!can) GTEST_SKIP() << can.error().text();
  const auto report = examine({"--pid", std::to_string(child_)});
  EXPECT_TRUE(ids(report).contains("linger-0")) << report.dump(2);
  EXPECT_TRUE(ids(report).contains("unread-at-the-end")) << report.dump(2);
  ASSERT_EQ(report["process"]["sockets"].size(), 1U);
  const auto& socket = report["process"]["sockets"][0];
  EXPECT_EQ(socket["state"], "CLOSE_WAIT");
  EXPECT_EQ(socket["linger_seconds"], 0);
  EXPECT_EQ(socket["queued"]["unread"], 3);
}

TEST_F(DoctorOfAProcess, without_bpf_says_so_and_takes_descriptors_on_request) {
  const std::vector<std::string> without{"setpriv", "--bounding-set=-bpf,-perfmon,-sys_admin", "--inh-caps=-all"};
  const auto run = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = without;
    arguments.insert(arguments.end(), {LASTBYTE_BINARY, "doctor", "--json", "--window", "0", "--pid",
                                       std::to_string(child_), "--netns", "/proc/self/ns/net"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    Process process(Command{.arguments = arguments});
    process.wait();
    return nlohmann::json::parse(process.out(), nullptr, false);
  };
  const auto plain = run({});
  if (plain.is_discarded()) GTEST_SKIP() << "capabilities cannot be dropped here";
  if (plain["abilities"]["iter/task_file"] == true) GTEST_SKIP() << "BPF loads without capabilities here";
  EXPECT_EQ(plain["process"]["sockets"].size(), 0U);
  EXPECT_NE(plain["not_looked_at"].dump().find("--intrusive"), std::string::npos) << plain.dump(2);
  const auto taken = run({"--intrusive"});
  ASSERT_EQ(taken["process"]["sockets"].size(), 1U) << taken.dump(2);
  EXPECT_EQ(taken["process"]["sockets"][0]["linger_seconds"], 0);
  EXPECT_EQ(taken["process"]["sockets"][0]["queued"]["unread"], 3);
}

TEST_F(Doctor, of_no_process_is_one_sentence_and_status_2) {
  Process process(Command{.arguments = {LASTBYTE_BINARY, "doctor", "--pid", "2147483647"}});
  EXPECT_EQ(process.wait(), 2);
  EXPECT_NE(process.err().find("no process has that number"), std::string::npos) << process.err();
  EXPECT_EQ(process.out(), "");
}

TEST_F(Doctor, explains_a_rule_without_looking_at_anything) {
  Process process(Command{.arguments = {LASTBYTE_BINARY, "doctor", "--explain", "linger-0"}});
  EXPECT_EQ(process.wait(), 0);
  EXPECT_TRUE(process.out().starts_with("linger-0: warning\n")) << process.out();
}

}  // namespace
}  // namespace lastbyte::system_test
