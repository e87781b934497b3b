// Runs `lastbyte doctor` as a user does, in network namespaces of their own.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <atomic>
#include <thread>

#include "kernel/bpf/sockets.h"
#include "net/diag/sockets.h"
#include "net/socket/calls.h"
#include "tests/harness/process.h"
#include "tests/system/kernel/doctor/patient.h"

namespace lastbyte::system_test {
namespace {

using net::test::Pair;

class Doctor : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!patient_.exists()) GTEST_SKIP() << "no network namespace of its own here";
  }
  void needs_bpf() {
    const auto can = kernel::list_sockets(static_cast<std::uint32_t>(::getpid()));
    if (!can) GTEST_SKIP() << can.error().text();
  }
  Patient patient_;
};

TEST_F(Doctor, finds_nothing_in_a_fresh_namespace) {
  const auto report = patient_.examine();
  EXPECT_EQ(patient_.ids(report), Ids{}) << report.dump(2);
  EXPECT_EQ(patient_.status(), 0);
  EXPECT_TRUE(report["abilities"].contains("tp_btf"));
  for (const char* counter : {"Tcp:OutRsts", "Tcp:EstabResets", "Tcp:RetransSegs", "TcpExt:TCPAbortOnClose",
                              "TcpExt:TCPAbortOnData", "TcpExt:TCPAbortOnLinger", "TcpExt:ListenOverflows",
                              "TcpExt:ListenDrops", "TcpExt:TWRecycled", "TcpExt:PAWSActive", "TcpExt:PAWSEstab"})
    EXPECT_TRUE(report["counters"].contains(counter)) << counter;
}

TEST_F(Doctor, finds_nothing_in_a_healthy_server) {
  patient_.inside([&] {
    patient_.keep(Patient::listener(81));
    Pair pair = patient_.connection_outside();
    for (const Descriptor* each : {&pair.client, &pair.server}) {
      const int on = 1;
      const int idle = 60;
      ::setsockopt(each->get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
      ::setsockopt(each->get(), IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    }
    EXPECT_TRUE(net::test::send_all(pair.client, "hello"));
    patient_.keep(std::move(pair));
  });
  patient_.look_at_a_process();
  const auto report = patient_.examine();
  EXPECT_EQ(patient_.ids(report), Ids{}) << report.dump(2);
  EXPECT_EQ(report["process"]["sockets"].size(), 3U);
}

TEST_F(Doctor, exits_by_the_worst_severity) {
  patient_.inside([&] { patient_.set("ipv4/tcp_fin_timeout", "3600"); });
  if (!patient_.missing().empty()) GTEST_SKIP() << patient_.missing();
  patient_.examine();
  EXPECT_EQ(patient_.status(), 0) << "a note";
  patient_.inside([&] { patient_.set("ipv4/tcp_timestamps", "0"); });
  patient_.examine();
  EXPECT_EQ(patient_.status(), 1) << "a warning";
  patient_.inside([&] {
    Descriptor listener = Patient::listener(80, 0);
    for (int each = 0; each < 2; ++each) {
      Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const net::Address to = net::local_address(listener.get());
      ::connect(client.get(), to.data(), to.size());
      patient_.keep(std::move(client));
    }
    patient_.keep(std::move(listener));
  });
  EXPECT_TRUE(net::test::eventually([&] {
    patient_.examine();
    return patient_.status() == 3;
  })) << "critical: the queue is full, and nobody takes from it";
}

TEST_F(Doctor, tells_the_options_and_tcp_info_of_a_process) {
  needs_bpf();
  if (IsSkipped()) return;
  patient_.inside([&] {
    Pair pair = Patient::connection_to(Patient::listener(80));
    const linger now{1, 0};
    ::setsockopt(pair.server.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    EXPECT_TRUE(net::test::send_all(pair.client, "123"));
    ::shutdown(pair.client.get(), SHUT_WR);
    EXPECT_TRUE(net::test::eventually([&] { return net::test::state(pair.server) == "CLOSE_WAIT"; }));
    patient_.keep(std::move(pair.server));
  });
  patient_.look_at_a_process();
  const auto report = patient_.examine();
  ASSERT_EQ(report["process"]["sockets"].size(), 1U) << report.dump(2);
  const auto& socket = report["process"]["sockets"][0];
  EXPECT_EQ(socket["state"], "CLOSE_WAIT");
  EXPECT_EQ(socket["linger_seconds"], 0);
  EXPECT_EQ(socket["queued"]["unread"], 3);
  EXPECT_EQ(socket["tcp_info"]["bytes_received"], 4) << "three, and the FIN";
  EXPECT_GT(socket["tcp_info"]["snd_cwnd"], 0);
  EXPECT_GT(socket["tcp_info"]["rto_us"], 0);
  EXPECT_NE(socket["congestion_control"], "");
}

TEST_F(Doctor, without_bpf_tells_sockets_without_options_and_on_request_takes_descriptors) {
  patient_.inside([&] {
    Pair pair = Patient::connection_to(Patient::listener(80));
    const linger now{1, 0};
    ::setsockopt(pair.server.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    EXPECT_TRUE(net::test::send_all(pair.client, "123"));
    EXPECT_TRUE(net::test::eventually([&] { return net::test::unread(pair.server) == 3; }));
    patient_.keep(std::move(pair.server));
    ::shutdown(pair.client.get(), SHUT_WR);
  });
  patient_.look_at_a_process();
  patient_.look_after([] { ASSERT_TRUE(forbid_system_call(SYS_bpf)); });
  const auto plain = patient_.examine();
  EXPECT_NE(plain["not_looked_at"].dump().find("--intrusive"), std::string::npos) << plain.dump(2);
  EXPECT_FALSE(plain["process"].contains("taken"));
  ASSERT_EQ(plain["process"]["sockets"].size(), 1U) << plain.dump(2);
  EXPECT_EQ(plain["process"]["sockets"][0]["queued"]["unread"], 3);
  EXPECT_EQ(plain["process"]["sockets"][0]["tcp_info"]["bytes_received"], 4) << "and the FIN";
  EXPECT_FALSE(plain["process"]["sockets"][0].contains("keepalive"));
  EXPECT_FALSE(patient_.ids(plain).contains("linger-0"));

  const auto taken = patient_.examine({"--intrusive"});
  if (taken.dump().find("it needs CAP_SYS_PTRACE") != std::string::npos) GTEST_SKIP() << "no pidfd_getfd(2) here";
  ASSERT_EQ(taken["process"]["sockets"].size(), 1U) << taken.dump(2);
  EXPECT_EQ(taken["process"]["sockets"][0]["linger_seconds"], 0);
  EXPECT_EQ(taken["process"]["sockets"][0]["queued"]["unread"], 3);
  EXPECT_GE(taken["process"]["taken"]["descriptors"], 1);
  EXPECT_TRUE(patient_.ids(taken).contains("linger-0"));
}

TEST_F(Doctor, without_bpf_names_the_owner_of_a_socket_by_proc) {
  patient_.inside([&] {
    Descriptor listener = Patient::listener(80);
    patient_.keep(net::test::connect_to(net::local_address(listener.get())));
    patient_.keep(std::move(listener));
  });
  patient_.look_after([] { ASSERT_TRUE(forbid_system_call(SYS_bpf)); });
  const auto report = patient_.examine();
  const std::string self = "(" + std::to_string(::getpid()) + ")";
  EXPECT_NE(report["findings"].dump().find("127.0.0.1:80 of system_doctor_t " + self), std::string::npos)
      << report.dump(2);
}

/// Closes connections of this process without a pause, and checks whether each close() has sent the FIN.
class Closer {
 public:
  explicit Closer(const Patient& patient) : thread_([&] { patient.inside([&] { run(); }); }) {}
  ~Closer() { stop(); }
  void stop() {
    ending_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::uint64_t closed() const { return closed_; }
  [[nodiscard]] std::uint64_t held_open() const { return held_open_; }

  /// Whether an end is still established after its close() has returned.
  static bool is_held_open(const net::Address& local, const net::Address& remote) {
    net::diag::Filter filter;
    filter.states = net::diag::bit_of(net::diag::State::established);
    filter.to = remote;
    bool found = false;
    const auto asked = net::diag::for_each_socket(filter, [&](const auto& each) { found |= each.local == local; });
    EXPECT_TRUE(asked) << asked.error().text();
    return found;
  }

 private:
  void run() {
    const Descriptor listener = Patient::listener(80);
    const net::Address local = net::local_address(listener.get());
    while (!ending_) {
      Pair pair = Patient::connection_to(listener);
      const net::Address remote = net::local_address(pair.client.get());
      pair.server.close();
      if (is_held_open(local, remote)) ++held_open_;
      // Leaves no TIME_WAIT at the other end, which would use up the ports.
      const linger now{1, 0};
      ::setsockopt(pair.client.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
      ++closed_;
    }
  }

  std::atomic<bool> ending_ = false;
  std::atomic<std::uint64_t> closed_ = 0;
  std::atomic<std::uint64_t> held_open_ = 0;
  std::thread thread_;
};

TEST_F(Doctor, holds_no_connection_open_that_the_process_closes_meanwhile) {
  needs_bpf();
  if (IsSkipped()) return;
  patient_.inside([&] {
    // Shows that the test can see such a delay.
    const Descriptor listener = Patient::listener(79);
    Pair pair = Patient::connection_to(listener);
    const net::Address remote = net::local_address(pair.client.get());
    const Descriptor held(::dup(pair.server.get()));
    pair.server.close();
    EXPECT_TRUE(Closer::is_held_open(net::local_address(listener.get()), remote));
    // More sockets make the doctor's look longer.
    for (int each = 0; each < 250; ++each) patient_.keep(Patient::connection_to(listener));
  });
  Closer closer(patient_);
  for (int looks = 0; looks < 3; ++looks) {
    const std::uint64_t before = closer.closed();
    const auto report = patient_.examine({"--pid", std::to_string(::getpid()), "--window", "0"});
    EXPECT_GE(report["process"]["sockets"].size(), 500U);
    EXPECT_GT(closer.closed(), before) << "it closes all the time";
  }
  closer.stop();
  EXPECT_EQ(closer.held_open(), 0U) << "of " << closer.closed();
}

TEST_F(Doctor, whose_output_cannot_be_written_gives_the_status_of_no_finding) {
  Process process(Command{.arguments = {"sh", "-c", std::string(LASTBYTE_BINARY) + " doctor --window 0 >/dev/full"}});
  EXPECT_EQ(process.wait(), 2);
  EXPECT_NE(process.err().find("standard output"), std::string::npos) << process.err();
}

TEST_F(Doctor, of_a_process_that_proc_hides_says_so) {
  Process process(Command{.arguments = {"unshare", "-m", "sh", "-c",
                                        "mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid "
                                        "65534 --clear-groups " LASTBYTE_BINARY " doctor --pid " +
                                            std::to_string(::getpid())}});
  const int status = process.wait().value_or(-1);
  if (process.err().find("lastbyte doctor:") == std::string::npos) GTEST_SKIP() << process.err();
  EXPECT_EQ(status, 2);
  EXPECT_NE(process.err().find("/proc does not show that process (hidepid)"), std::string::npos) << process.err();
}

TEST_F(Doctor, of_no_process_is_one_sentence_and_status_2) {
  Process process(Command{.arguments = {LASTBYTE_BINARY, "doctor", "--pid", "2147483647"}});
  EXPECT_EQ(process.wait(), 2);
  EXPECT_NE(process.err().find("no process has that number"), std::string::npos) << process.err();
  EXPECT_EQ(process.out(), "");
}

/// A process that has ended and nobody has waited for stands for one that ends while it is looked at.
TEST_F(Doctor, of_a_process_that_has_ended_says_so) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  const std::string pid = std::to_string(child);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  Process process(Command{.arguments = {LASTBYTE_BINARY, "doctor", "--window", "0", "--pid", pid}});
  EXPECT_EQ(process.wait(), 2);
  EXPECT_NE(process.err().find("the process has ended; its parent has not waited for it"), std::string::npos)
      << process.err();
  Process elsewhere(
      Command{.arguments = {LASTBYTE_BINARY, "doctor", "--window", "0", "--pid", pid, "--netns", "/proc/self/ns/net"}});
  elsewhere.wait();
  EXPECT_NE(elsewhere.out().find(" (" + pid + "), which has ended meanwhile\n"), std::string::npos) << elsewhere.out();
  ::waitpid(child, nullptr, 0);
}

TEST_F(Doctor, explains_a_rule_without_looking_at_anything) {
  Process process(Command{.arguments = {LASTBYTE_BINARY, "doctor", "--explain", "linger-0"}});
  EXPECT_EQ(process.wait(), 0);
  EXPECT_TRUE(process.out().starts_with("linger-0: warning\n")) << process.out();
}

}  // namespace
}  // namespace lastbyte::system_test
