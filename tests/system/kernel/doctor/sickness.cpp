// Sick settings, sockets and processes. sickness_traffic.cpp has traffic.
#include "tests/system/kernel/doctor/sickness.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iterator>

namespace lastbyte::system_test {
namespace {

using enum Mending;
using net::test::Pair;

std::function<void(Patient&)> set(const std::string& setting, const std::string& value) {
  return [=](Patient& patient) { patient.set(setting, value); };
}

template <typename Value>
void option(const Descriptor& socket, int level, int name, const Value& value) {
  EXPECT_EQ(::setsockopt(socket.get(), level, name, &value, sizeof value), 0) << errno;
}

/// A process with a connection to another host. Only `spoil` makes it unhealthy.
std::function<void(Patient&)> process_with(const std::function<void(Pair&)>& spoil) {
  return [=](Patient& patient) {
    Pair pair = patient.connection_outside();
    for (const Descriptor* each : {&pair.client, &pair.server}) {
      option(*each, SOL_SOCKET, SO_KEEPALIVE, 1);
      option(*each, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    }
    spoil(pair);
    patient.keep(std::move(pair));
    patient.look_at_a_process();
  };
}

void half_close(Patient& patient) {
  Pair pair = Patient::connection_to(Patient::listener(80));
  ::shutdown(pair.client.get(), SHUT_WR);
  EXPECT_EQ(net::test::receive(pair.server, 1), "0");
  patient.keep(std::move(pair));
}

/// The one descriptor left is that of the directory that is read here.
void leave_one_descriptor() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const std::filesystem::directory_iterator open("/proc/self/fd");
  limit.rlim_cur = static_cast<rlim_t>(std::distance(begin(open), end(open)));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

std::vector<Sickness> setting_sicknesses() {
  return {
      {"tw-reuse-off", set("ipv4/tcp_tw_reuse", "0"), by_the_command},
      {"tw-reuse-delay-short", set("ipv4/tcp_tw_reuse_delay", "10"), by_the_command},
      {"timestamps-off", set("ipv4/tcp_timestamps", "0"), by_the_command},
      {"port-range-narrow", set("ipv4/ip_local_port_range", "50000 50999"), by_the_command},
      {"somaxconn-low", set("core/somaxconn", "16"), by_the_command},
      {"syncookies-off", set("ipv4/tcp_syncookies", "0"), by_the_command},
      {"abort-on-overflow", set("ipv4/tcp_abort_on_overflow", "1"), by_the_command},
      {"fin-timeout-short", set("ipv4/tcp_fin_timeout", "3"), by_the_command},
      {"fin-timeout-long", set("ipv4/tcp_fin_timeout", "3600"), by_the_command},
      {"orphan-retries-few", set("ipv4/tcp_orphan_retries", "1"), by_the_command},
      {"orphan-retries-many", set("ipv4/tcp_orphan_retries", "15"), by_the_command},
      {"retries2-few", set("ipv4/tcp_retries2", "3"), by_the_command},
      {"syn-retries-few", set("ipv4/tcp_syn_retries", "1"), by_the_command},
      {"rfc1337-off", set("ipv4/tcp_tw_reuse", "1"), by_the_command},
      {"challenge-ack-limit-low", set("ipv4/tcp_challenge_ack_limit", "100"), by_the_command},
      {"keepalive-behind-conntrack", set("netfilter/nf_conntrack_tcp_timeout_established", "3600"), by_the_command},
      {"conntrack-half-close-short", set("netfilter/nf_conntrack_tcp_timeout_close_wait", "10"), by_the_command},
      {"congestion-control-reno", set("ipv4/tcp_congestion_control", "reno"), by_the_command},
      {"path-mtu-discovery-off", set("ipv4/ip_no_pmtu_disc", "1"), by_the_command},
      {"listener-in-port-range", [](Patient& patient) { patient.keep(Patient::listener(40'000)); }, by_the_command},
      {"io-uring-forbidden",
       [](Patient& patient) { patient.look_after([] { ASSERT_TRUE(forbid_system_call(SYS_io_uring_setup)); }); }},
      {"tracing-limited",
       [](Patient& patient) { patient.look_after([] { ASSERT_TRUE(forbid_system_call(SYS_bpf)); }); }},
  };
}

std::vector<Sickness> socket_sicknesses() {
  return {
      {"close-wait-stuck",
       [](Patient& patient) {
         Pair pair = Patient::connection_to(Patient::listener(80));
         pair.client.close();
         EXPECT_EQ(net::test::receive(pair.server, 1), "0");
         patient.keep(std::move(pair.server));
         patient.look_with({"--stuck-after", "1"});
       }},
      {"fin-wait2-stuck",
       [](Patient& patient) {
         half_close(patient);
         patient.look_with({"--stuck-after", "1"});
       },
       not_by_a_command,
       {"close-wait-stuck"}},
      {"zero-window",
       [](Patient& patient) {
         Pair pair = Patient::connection_to(Patient::listener(80));
         net::test::fill(pair.client);
         patient.keep(std::move(pair));
       }},
      {"listener-stalled",
       [](Patient& patient) {
         Descriptor listener = Patient::listener(80);
         patient.keep(net::test::connect_to(*net::Address::parse("127.0.0.1", 80)));
         patient.keep(std::move(listener));
       }},
  };
}

std::vector<Sickness> process_sicknesses() {
  return {
      {"linger-0", process_with([](Pair& pair) { option(pair.server, SOL_SOCKET, SO_LINGER, linger{1, 0}); })},
      {"linger-on-non-blocking",
       process_with([](Pair& pair) { option(pair.server, SOL_SOCKET, SO_LINGER, linger{1, 5}); })},
      {"no-keepalive", process_with([](Pair& pair) { option(pair.server, SOL_SOCKET, SO_KEEPALIVE, 0); })},
      {"keepalive-slow", process_with([](Pair& pair) { option(pair.server, IPPROTO_TCP, TCP_KEEPIDLE, 7200); })},
      {"unread-at-the-end", process_with([](Pair& pair) {
         EXPECT_TRUE(net::test::send_all(pair.client, "123"));
         ::shutdown(pair.client.get(), SHUT_WR);
         EXPECT_TRUE(net::test::eventually([&] { return net::test::state(pair.server) == "CLOSE_WAIT"; }));
       })},
      {"half-closed-long",
       [](Patient& patient) {
         half_close(patient);
         patient.look_at_a_process();
         patient.look_with({"--half-closed-after", "1"});
       }},
      {"backlog-short",
       [](Patient& patient) {
         patient.keep(Patient::listener(80, 5));
         patient.look_at_a_process();
       }},
      {"buffers-fixed", process_with([](Pair& pair) { option(pair.server, SOL_SOCKET, SO_SNDBUF, 8192); })},
      {"descriptors", [](Patient& patient) { patient.look_at_a_process(leave_one_descriptor); }, by_the_command},
      {"seccomp-filter", [](Patient& patient) { patient.look_at_a_process([] { forbid_system_call(-1); }); }},
  };
}

std::vector<Sickness> all_sicknesses() {
  std::vector<Sickness> all;
  for (auto& list : {setting_sicknesses(), traffic_sicknesses(), socket_sicknesses(), process_sicknesses()})
    all.insert(all.end(), list.begin(), list.end());
  return all;
}

const std::map<std::string, std::string>& proven_by_facts() {
  static const std::map<std::string, std::string> all{
      {"conntrack-full", "net.netfilter.nf_conntrack_max belongs to the host"},
      {"orphans", "net.ipv4.tcp_max_orphans and the count of orphans belong to the host"},
      {"abort-on-memory", "only net.ipv4.tcp_mem and tcp_max_orphans, which belong to the host, bring it about"},
      {"tcp-memory-pressure", "net.ipv4.tcp_mem and TCP's memory belong to the host"},
      {"memory-pressures", "only net.ipv4.tcp_mem, which belongs to the host, brings it about"},
      {"open-files", "fs.file-max and the open files belong to the host"},
      {"reset-reasons-unknown", "the running kernel has the reasons that it has"},
  };
  return all;
}

}  // namespace lastbyte::system_test
