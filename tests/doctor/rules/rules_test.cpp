// Each rule finds nothing on a healthy host, and finds the fault that it is for.
#include "doctor/rules/rules.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "doctor/rules/words.h"

namespace lastbyte::doctor {
namespace {

using std::chrono::seconds;

net::Address at(const char* ip, std::uint16_t port) { return *net::Address::parse(ip, port); }

Socket socket_in(State state, seconds idle) {
  Socket socket;
  socket.tcp.local = at("10.0.0.1", 80);
  socket.tcp.remote = at("192.0.2.1", 50000);
  socket.tcp.state = state;
  socket.tcp.inode = 7;
  socket.tcp.cookie = 77;
  socket.idle = idle;
  socket.stayed = true;
  socket.owner = {100, "nginx"};
  return socket;
}

Socket listener(std::uint16_t port, std::uint32_t waiting, std::uint32_t limit) {
  Socket socket = socket_in(State::listening, seconds(0));
  socket.stayed = false;
  socket.tcp.cookie = 1;
  socket.tcp.local = at("0.0.0.0", port);
  socket.tcp.remote = at("0.0.0.0", 0);
  socket.tcp.receive_queue = waiting;
  socket.tcp.send_queue = limit;
  return socket;
}

/// The facts of Linux 6.18 after its start, with some traffic without errors.
Facts healthy() {
  Facts facts;
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"net.ipv4.tcp_tw_reuse", "2"},
           {"net.ipv4.tcp_tw_reuse_delay", "1000"},
           {"net.ipv4.tcp_timestamps", "1"},
           {"net.ipv4.ip_local_port_range", "32768\t60999"},
           {"net.ipv4.ip_local_reserved_ports", ""},
           {"net.core.somaxconn", "4096"},
           {"net.ipv4.tcp_syncookies", "1"},
           {"net.ipv4.tcp_abort_on_overflow", "0"},
           {"net.ipv4.tcp_fin_timeout", "60"},
           {"net.ipv4.tcp_orphan_retries", "0"},
           {"net.ipv4.tcp_retries2", "15"},
           {"net.ipv4.tcp_syn_retries", "6"},
           {"net.ipv4.tcp_rfc1337", "0"},
           {"net.ipv4.tcp_challenge_ack_limit", "2147483647"},
           {"net.ipv4.tcp_keepalive_time", "7200"},
           {"net.ipv4.tcp_congestion_control", "cubic"},
           {"net.ipv4.tcp_mtu_probing", "0"},
           {"net.ipv4.ip_no_pmtu_disc", "0"},
           {"net.ipv4.tcp_max_orphans", "16384"},
           {"net.ipv4.tcp_max_tw_buckets", "16384"},
           {"net.ipv4.tcp_mem", "44298\t59067\t88596"},
           {"net.netfilter.nf_conntrack_max", "65536"},
           {"net.netfilter.nf_conntrack_count", "100"},
           {"net.netfilter.nf_conntrack_tcp_timeout_established", "432000"},
           {"net.netfilter.nf_conntrack_tcp_timeout_close_wait", "60"},
           {"net.netfilter.nf_conntrack_tcp_timeout_fin_wait", "120"},
           {"fs.file-nr", "1024\t0\t9223372036854775807"}})
    facts.sysctls.set(name, value);
  facts.total.add_pairs(
      "Tcp: ActiveOpens PassiveOpens OutRsts EstabResets OutSegs RetransSegs\nTcp: 500 500 20 10 100000 100\n"
      "TcpExt: TCPTimeouts\nTcpExt: 10\n");
  facts.total.add_sockstat("TCP: inuse 5 orphan 0 tw 10 alloc 9 mem 100\n");
  facts.sockets = {listener(80, 0, 4096), socket_in(State::established, seconds(7200)),
                   socket_in(State::close_wait, seconds(1))};
  facts.abilities = {{"tp_btf", true, ""}, {"io_uring", true, ""}};
  Process process;
  process.name = {100, "nginx"};
  process.descriptors = 10;
  process.descriptor_limit = 1024;
  kernel::ProcessSocket good;
  good.descriptor = 5;
  good.state = number_of(State::established);
  good.local = at("10.0.0.1", 80);
  good.remote = at("192.0.2.1", 50000);
  good.cookie = 77;
  good.non_blocking = true;
  good.keepalive = true;
  good.keepalive_time = seconds(60);
  good.queued = kernel::QueuedBytes{10, 0, 0};
  process.sockets = {{.held = good}};
  facts.process = process;
  return facts;
}

using Sicken = std::function<void(Facts&)>;

Sicken set(const char* name, const char* value) {
  return [=](Facts& facts) { facts.sysctls.set(name, value); };
}
Sicken counted(const char* group, const char* word, const char* value) {
  return
      [=](Facts& facts) { facts.total.add_pairs(std::string(group) + " " + word + "\n" + group + " " + value + "\n"); };
}
Sicken add(const Socket& socket) {
  return [=](Facts& facts) { facts.sockets.push_back(socket); };
}
Sicken change(const std::function<void(kernel::ProcessSocket&)>& how) {
  return [=](Facts& facts) { how(facts.process->sockets.front().held); };
}
Sicken ports_spent(State state, int count) {
  return [=](Facts& facts) {
    for (int each = 0; each < count; ++each) {
      Socket socket = socket_in(state, seconds(0));
      socket.tcp.local = at("10.0.0.1", static_cast<std::uint16_t>(32768 + each));
      socket.tcp.remote = at("192.0.2.9", 5432);
      facts.sockets.push_back(socket);
    }
  };
}
Sicken forbidden(const char* name) {
  return [=](Facts& facts) {
    for (Ability& each : facts.abilities)
      if (each.name == name) each = {name, false, "Operation not permitted"};
  };
}
Socket with_wait(Socket socket) {
  socket.stayed = true;
  return socket;
}
Socket with_zero_window() {
  Socket socket = socket_in(State::established, seconds(5));
  socket.tcp.send_queue = 1000;
  socket.tcp.timer = net::diag::Timer::probe;
  return socket;
}
kernel::ProcessSocket& listening(kernel::ProcessSocket& socket) {
  socket.state = number_of(State::listening);
  return socket;
}

/// One fault for each rule.
std::map<std::string_view, Sicken> sicknesses() {
  return {
      {"tw-reuse-off", set("net.ipv4.tcp_tw_reuse", "0")},
      {"tw-reuse-delay-short", set("net.ipv4.tcp_tw_reuse_delay", "10")},
      {"timestamps-off", set("net.ipv4.tcp_timestamps", "0")},
      {"port-range-narrow", set("net.ipv4.ip_local_port_range", "50000 50999")},
      {"somaxconn-low", set("net.core.somaxconn", "128")},
      {"syncookies-off", set("net.ipv4.tcp_syncookies", "0")},
      {"abort-on-overflow", set("net.ipv4.tcp_abort_on_overflow", "1")},
      {"fin-timeout-short", set("net.ipv4.tcp_fin_timeout", "3")},
      {"fin-timeout-long", set("net.ipv4.tcp_fin_timeout", "3600")},
      {"orphan-retries-few", set("net.ipv4.tcp_orphan_retries", "1")},
      {"orphan-retries-many", set("net.ipv4.tcp_orphan_retries", "15")},
      {"retries2-few", set("net.ipv4.tcp_retries2", "3")},
      {"syn-retries-few", set("net.ipv4.tcp_syn_retries", "1")},
      {"rfc1337-off", set("net.ipv4.tcp_tw_reuse", "1")},
      {"challenge-ack-limit-low", set("net.ipv4.tcp_challenge_ack_limit", "100")},
      {"keepalive-behind-conntrack", set("net.netfilter.nf_conntrack_tcp_timeout_established", "3600")},
      {"conntrack-half-close-short", set("net.netfilter.nf_conntrack_tcp_timeout_close_wait", "10")},
      {"congestion-control-reno", set("net.ipv4.tcp_congestion_control", "reno")},
      {"path-mtu-discovery-off", set("net.ipv4.ip_no_pmtu_disc", "1")},
      {"mtu-probing-off", counted("TcpExt:", "TCPTimeouts", "9000")},
      {"listener-in-port-range", add(listener(40000, 0, 4096))},
      {"port-space", ports_spent(State::established, 23000)},
      {"time-wait-by-destination", ports_spent(State::time_wait, 15000)},
      {"conntrack-full", set("net.netfilter.nf_conntrack_count", "60000")},
      {"orphans", [](Facts& facts) { facts.total.add_sockstat("TCP: orphan 9000\n"); }},
      {"time-wait-buckets", [](Facts& facts) { facts.total.add_sockstat("TCP: tw 16000\n"); }},
      {"tcp-memory-pressure", [](Facts& facts) { facts.total.add_sockstat("TCP: mem 60000\n"); }},
      {"open-files", set("fs.file-nr", "900 0 1000")},
      {"io-uring-forbidden", forbidden("io_uring")},
      {"tracing-limited", forbidden("tp_btf")},
      {"reset-reasons-unknown", [](Facts& facts) { facts.unknown_reasons = {"TCP_OF_TOMORROW"}; }},
      {"listen-overflows", counted("TcpExt:", "ListenOverflows ListenDrops", "5 5")},
      {"listen-drops", counted("TcpExt:", "ListenOverflows ListenDrops", "0 5")},
      {"syn-cookies-sent", counted("TcpExt:", "SyncookiesSent", "5")},
      {"abort-on-close", counted("TcpExt:", "TCPAbortOnClose", "5")},
      {"abort-on-data", counted("TcpExt:", "TCPAbortOnData", "5")},
      {"abort-on-linger", counted("TcpExt:", "TCPAbortOnLinger", "5")},
      {"abort-on-memory", counted("TcpExt:", "TCPAbortOnMemory", "5")},
      {"abort-on-timeout", counted("TcpExt:", "TCPAbortOnTimeout", "5")},
      {"ports-recycled", counted("TcpExt:", "TWRecycled", "5")},
      {"time-wait-overflow", counted("TcpExt:", "TCPTimeWaitOverflow", "5")},
      {"resets-sent", counted("Tcp:", "OutRsts", "60")},
      {"resets-of-established", counted("Tcp:", "EstabResets", "60")},
      {"paws", counted("TcpExt:", "PAWSEstab", "5")},
      {"retransmissions", counted("Tcp:", "RetransSegs", "3000")},
      {"memory-pressures", counted("TcpExt:", "TCPMemoryPressures", "5")},
      {"receive-pruned", counted("TcpExt:", "RcvPruned", "5")},
      {"request-queue-full", counted("TcpExt:", "TCPReqQFullDrop", "5")},
      {"close-wait-stuck", add(socket_in(State::close_wait, seconds(61)))},
      {"fin-wait2-stuck", add(socket_in(State::fin_wait_2, seconds(61)))},
      {"zero-window", add(with_zero_window())},
      {"listener-stalled", add(with_wait(listener(81, 3, 4096)))},
      {"linger-0", change([](auto& socket) { socket.linger = seconds(0); })},
      {"linger-on-non-blocking", change([](auto& socket) { socket.linger = seconds(5); })},
      {"no-keepalive", change([](auto& socket) { socket.keepalive = false; })},
      {"keepalive-slow", change([](auto& socket) { socket.keepalive_time = seconds(0); })},
      {"unread-at-the-end", change([](auto& socket) { socket.state = number_of(State::close_wait); })},
      {"half-closed-long",
       [](Facts& facts) {
         HeldSocket& socket = facts.process->sockets.front();
         socket.held.state = number_of(State::fin_wait_2);
         socket.figures = net::diag::TcpFigures{};
         socket.idle = seconds(3600);
       }},
      {"backlog-short", change([](auto& socket) { listening(socket).backlog = kernel::ProcessSocket::Backlog{0, 5}; })},
      {"buffers-fixed", change([](auto& socket) { socket.send_buffer_set = true, socket.send_buffer = 8192; })},
      {"descriptors", [](Facts& facts) { facts.process->descriptors = 900; }},
      {"seccomp-filter", [](Facts& facts) { facts.process->seccomp = 2; }},
  };
}

std::set<std::string_view> found_in(const Facts& facts) {
  std::set<std::string_view> ids;
  for (const Finding& each : examine(facts)) ids.insert(each.id);
  return ids;
}

TEST(DoctorRules, are_silent_on_a_healthy_host) { EXPECT_EQ(found_in(healthy()), std::set<std::string_view>{}); }

TEST(DoctorRules, are_silent_where_nothing_could_be_read) {
  EXPECT_EQ(found_in(Facts{}), std::set<std::string_view>{});
}

TEST(DoctorRules, find_each_its_own_sickness_and_no_other) {
  const auto all = sicknesses();
  for (const Rule& rule : all_rules()) {
    const auto sickness = all.find(rule.id);
    if (sickness == all.end()) {
      ADD_FAILURE() << rule.id << " has no fault here";
      continue;
    }
    Facts facts = healthy();
    sickness->second(facts);
    EXPECT_EQ(found_in(facts), std::set<std::string_view>{rule.id});
  }
  EXPECT_EQ(all.size(), all_rules().size());
}

TEST(DoctorRules, have_ids_of_their_own_and_whole_sentences) {
  std::set<std::string_view> ids;
  for (const Rule& rule : all_rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_TRUE(rule.title.ends_with('.')) << rule.id;
    EXPECT_TRUE(rule.consequence.ends_with('.')) << rule.id;
    EXPECT_TRUE(rule.condition.ends_with('.')) << rule.id;
    EXPECT_FALSE(rule.command.empty()) << rule.id;
    EXPECT_FALSE(rule.documentation.empty()) << rule.id;
  }
}

TEST(DoctorRules, give_each_finding_evidence_and_a_command) {
  for (const auto& [id, sicken] : sicknesses()) {
    Facts facts = healthy();
    sicken(facts);
    for (const Finding& each : examine(facts)) {
      EXPECT_TRUE(each.evidence.ends_with('.')) << id << ": " << each.evidence;
      EXPECT_FALSE(each.command.empty()) << id;
    }
  }
}

TEST(DoctorRules, tell_the_worst_first) {
  Facts facts = healthy();
  forbidden("io_uring")(facts);
  set("net.ipv4.tcp_timestamps", "0")(facts);
  counted("TcpExt:", "TCPAbortOnMemory", "1")(facts);
  const auto findings = examine(facts);
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].id, "abort-on-memory");
  EXPECT_EQ(findings[1].id, "timestamps-off");
  EXPECT_EQ(findings[2].id, "io-uring-forbidden");
}

TEST(DoctorRules, are_worse_where_it_happens_now) {
  Facts facts = healthy();
  counted("TcpExt:", "ListenOverflows", "5")(facts);
  EXPECT_EQ(examine(facts).front().severity, Severity::warning);
  facts.window.add_pairs("TcpExt: ListenOverflows\nTcpExt: 2\n");
  EXPECT_EQ(examine(facts).front().severity, Severity::critical);
  EXPECT_NE(examine(facts).front().evidence.find("5 since the start, 2 of them"), std::string::npos);
}

TEST(DoctorRules, name_the_setting_that_reserves_the_listeners_ports) {
  Facts facts = healthy();
  set("net.ipv4.ip_local_reserved_ports", "33000-33010")(facts);
  add(listener(33005, 0, 100))(facts);
  EXPECT_TRUE(found_in(facts).empty()) << "it is reserved";
  add(listener(40000, 0, 100))(facts);
  EXPECT_EQ(examine(facts).at(0).command, "sysctl -w net.ipv4.ip_local_reserved_ports=33000-33010,40000");
}

TEST(DoctorRules, reserve_the_ports_of_all_listeners_though_the_evidence_names_the_first_few) {
  Facts facts = healthy();
  for (std::uint16_t port = 40001; port <= 40010; ++port) add(listener(port, 0, 100))(facts);
  const Finding found = examine(facts).at(0);
  EXPECT_NE(found.evidence.find("40008 and 2 more"), std::string::npos) << found.evidence;
  EXPECT_TRUE(found.command.ends_with(",40009,40010")) << found.command;
}

TEST(DoctorRules, count_no_reserved_port_among_those_that_connect_may_choose) {
  Facts facts = healthy();
  set("net.ipv4.ip_local_reserved_ports", "33000-60999")(facts);
  ports_spent(State::established, 200)(facts);
  EXPECT_EQ(found_in(facts), std::set<std::string_view>{"port-space"}) << "200 of 232";
}

TEST(DoctorRules, notice_in_the_window_what_a_long_past_hides) {
  Facts facts = healthy();
  counted("Tcp:", "ActiveOpens PassiveOpens OutRsts", "5000000 5000000 30")(facts);
  EXPECT_TRUE(found_in(facts).empty());
  facts.window.add_pairs("Tcp: ActiveOpens PassiveOpens OutRsts\nTcp: 20 20 2\n");
  EXPECT_EQ(found_in(facts), std::set<std::string_view>{"resets-sent"});
}

TEST(DoctorRules, name_the_listener_that_dropped) {
  Facts facts = healthy();
  counted("TcpExt:", "ListenOverflows ListenDrops", "5 5")(facts);
  Socket full = listener(443, 2, 1);
  full.tcp.details.emplace().dropped = 5;
  add(full)(facts);
  EXPECT_NE(examine(facts).at(0).evidence.find("0.0.0.0:443 of nginx (100): 5 dropped, 2 of 1 places"),
            std::string::npos)
      << examine(facts).at(0).evidence;
}

TEST(DoctorRules, say_nothing_about_options_that_nobody_told) {
  Facts facts = healthy();
  HeldSocket& socket = facts.process->sockets.front();
  socket.has_options = false;
  socket.held.keepalive = false;
  EXPECT_TRUE(found_in(facts).empty());
}

TEST(DoctorRules, call_a_socket_stuck_after_the_time_that_was_given) {
  Facts facts = healthy();
  add(socket_in(State::close_wait, seconds(100)))(facts);
  EXPECT_FALSE(found_in(facts).empty());
  facts.stuck_after = seconds(101);
  EXPECT_TRUE(found_in(facts).empty());
  facts.stuck_after = seconds(60);
  facts.sockets.back().stayed = false;
  EXPECT_TRUE(found_in(facts).empty()) << "it was not in that state at the first look";
}

TEST(DoctorRules, advise_a_congestion_control_that_the_host_allows) {
  Facts facts = healthy();
  set("net.ipv4.tcp_congestion_control", "reno")(facts);
  set("net.ipv4.tcp_allowed_congestion_control", "reno bbr")(facts);
  EXPECT_EQ(examine(facts).at(0).command, "sysctl -w net.ipv4.tcp_congestion_control=bbr");
  set("net.ipv4.tcp_allowed_congestion_control", "reno bbr cubic")(facts);
  EXPECT_EQ(examine(facts).at(0).command, "sysctl -w net.ipv4.tcp_congestion_control=cubic");
}

TEST(DoctorRules, find_no_closed_window_before_a_handshake_is_over) {
  Facts facts = healthy();
  Socket connecting = socket_in(State::syn_sent, seconds(0));
  connecting.tcp.send_queue = 1;
  connecting.tcp.details.emplace().tcp.emplace();
  add(connecting)(facts);
  EXPECT_TRUE(found_in(facts).empty());
}

TEST(DoctorCommand, enters_the_namespace_that_was_looked_at) {
  const std::string_view enter = "ip netns exec blue";
  EXPECT_EQ(in_namespace("sysctl -w net.ipv4.tcp_timestamps=1", enter),
            "ip netns exec blue sysctl -w net.ipv4.tcp_timestamps=1");
  EXPECT_EQ(in_namespace("Mend it, or: sysctl -w net.core.somaxconn=1", enter),
            "Mend it, or: ip netns exec blue sysctl -w net.core.somaxconn=1");
  EXPECT_EQ(in_namespace("ss -ti", enter), "ip netns exec blue ss -ti");
  for (const char* everywhere : {"sysctl -w fs.file-max=1", "sysctl -w net.ipv4.tcp_mem='1 2 3'", "Mend the program.",
                                 "sysctl -w net.netfilter.nf_conntrack_max=1"})
    EXPECT_EQ(in_namespace(everywhere, enter), everywhere);
  EXPECT_EQ(in_namespace("sysctl -w net.ipv4.tcp_timestamps=1", ""), "sysctl -w net.ipv4.tcp_timestamps=1");
}

TEST(DoctorCommand, names_a_namespace_as_one_word_of_a_shell) {
  EXPECT_EQ(shell_word("/run/netns/blue-1"), "/run/netns/blue-1");
  EXPECT_EQ(shell_word("/tmp/a b"), "'/tmp/a b'");
  EXPECT_EQ(shell_word("x';reboot"), "'x'\\'';reboot'");
}

}  // namespace
}  // namespace lastbyte::doctor
