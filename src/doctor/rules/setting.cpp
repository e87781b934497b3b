// Rules about single settings of the kernel. A default of Linux is no finding.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string>

#include "doctor/rules/words.h"

namespace lastbyte::doctor {
namespace {

using Found = std::vector<Evidence>;
using enum Severity;

constexpr std::string_view kConntrackSysctl = "https://docs.kernel.org/networking/nf_conntrack-sysctl.html";

constexpr std::string_view kReuse = "net.ipv4.tcp_tw_reuse";
constexpr std::string_view kReuseDelay = "net.ipv4.tcp_tw_reuse_delay";
constexpr std::string_view kTimestamps = "net.ipv4.tcp_timestamps";
constexpr std::string_view kBacklog = "net.core.somaxconn";
constexpr std::string_view kCookies = "net.ipv4.tcp_syncookies";
constexpr std::string_view kAbort = "net.ipv4.tcp_abort_on_overflow";
constexpr std::string_view kFinTimeout = "net.ipv4.tcp_fin_timeout";
constexpr std::string_view kOrphanRetries = "net.ipv4.tcp_orphan_retries";
constexpr std::string_view kRetries = "net.ipv4.tcp_retries2";
constexpr std::string_view kSynRetries = "net.ipv4.tcp_syn_retries";
constexpr std::string_view kRfc1337 = "net.ipv4.tcp_rfc1337";
constexpr std::string_view kChallenge = "net.ipv4.tcp_challenge_ack_limit";
constexpr std::string_view kKeepalive = "net.ipv4.tcp_keepalive_time";
constexpr std::string_view kCongestion = "net.ipv4.tcp_congestion_control";
constexpr std::string_view kAllowedCongestion = "net.ipv4.tcp_allowed_congestion_control";
constexpr std::string_view kProbing = "net.ipv4.tcp_mtu_probing";
constexpr std::string_view kNoDiscovery = "net.ipv4.ip_no_pmtu_disc";
constexpr std::string_view kTracked = "net.netfilter.nf_conntrack_tcp_timeout_established";
constexpr std::string_view kTrackedCloseWait = "net.netfilter.nf_conntrack_tcp_timeout_close_wait";
constexpr std::string_view kTrackedFinWait = "net.netfilter.nf_conntrack_tcp_timeout_fin_wait";

/// Reports the setting if it is a number and the condition holds. The command is the rule's.
template <typename Holds>
Found where(const Facts& facts, std::string_view name, Holds holds) {
  const auto value = facts.sysctls.number(name);
  if (!value || !holds(*value)) return nothing();
  return one(setting_is(facts, name));
}

constexpr std::int64_t kFewestPorts = 10'000;
constexpr std::int64_t kLeastBacklog = 1'024;
constexpr std::int64_t kLeastChallenges = 1'000;
constexpr std::int64_t kLeastHalfCloseSeconds = 60;

Found narrow_range(const Facts& facts) {
  const auto range = facts.sysctls.numbers(kPortRange);
  if (range.size() != 2 || range[1] - range[0] + 1 >= kFewestPorts) return nothing();
  return one(fmt::format("{} is {} to {}: {} ports.", kPortRange, range[0], range[1], range[1] - range[0] + 1));
}

Found rfc1337(const Facts& facts) {
  if (facts.sysctls.number(kReuse) != 1 || facts.sysctls.number(kRfc1337) != 0) return nothing();
  return one(setting_is(facts, kRfc1337) + " " + setting_is(facts, kReuse));
}

Found keepalive_behind_conntrack(const Facts& facts) {
  const auto tracked = facts.sysctls.number(kTracked);
  const auto keepalive = facts.sysctls.number(kKeepalive);
  if (!tracked || !keepalive || *tracked > *keepalive) return nothing();
  return one(setting_is(facts, kTracked) + " " + setting_is(facts, kKeepalive),
             set_to(kKeepalive, std::to_string(std::max<std::int64_t>(*tracked / 3, 10))));
}

Found half_close_behind_conntrack(const Facts& facts) {
  Found found;
  for (const std::string_view name : {kTrackedCloseWait, kTrackedFinWait}) {
    const auto value = facts.sysctls.number(name);
    if (value && *value < kLeastHalfCloseSeconds)
      found.push_back({.text = setting_is(facts, name), .command = set_to(name, "120")});
  }
  return found;
}

/// Only the first namespace may choose any algorithm. Other namespaces may choose those that the host allows
/// (net/ipv4/tcp_cong.c tcp_set_default_congestion_control).
Found reno(const Facts& facts) {
  if (facts.sysctls.text(kCongestion) != "reno") return nothing();
  std::istringstream allowed(facts.sysctls.text(kAllowedCongestion).value_or(""));
  std::string better;
  for (std::string each; allowed >> each;)
    if (each == "cubic" || (each != "reno" && better.empty())) better = each;
  return one(setting_is(facts, kCongestion), better.empty() ? std::string() : set_to(kCongestion, better));
}

Found no_path_mtu(const Facts& facts) {
  const auto mode = facts.sysctls.number(kNoDiscovery);
  // Mode 3 is a hardened form of discovery.
  if (!mode || (*mode != 1 && *mode != 2)) return nothing();
  return one(setting_is(facts, kNoDiscovery));
}

Found no_probing(const Facts& facts) {
  const std::int64_t sent = facts.total.value("Tcp:OutSegs");
  const std::int64_t timeouts = facts.total.value("TcpExt:TCPTimeouts");
  if (facts.sysctls.number(kProbing) != 0 || sent < 1'000 || timeouts * 20 < sent) return nothing();
  return one(setting_is(facts, kProbing) + " Timeouts: " +
             share(static_cast<std::uint64_t>(timeouts), static_cast<std::uint64_t>(sent)) + " segments.");
}

constexpr std::array kSettingRules{
    Rule{"tw-reuse-off", warning, "The kernel never reuses a local port in TIME_WAIT.", "net.ipv4.tcp_tw_reuse is 0.",
         "A client that closes first gets about 470 connections a second to one destination from one address. Beyond "
         "that connect() fails with EADDRNOTAVAIL.",
         "sysctl -w net.ipv4.tcp_tw_reuse=2", kIpSysctl,
         [](const Facts& facts) { return where(facts, kReuse, [](auto value) { return value == 0; }); }},
    Rule{"tw-reuse-delay-short", warning, "The kernel reuses a local port in TIME_WAIT within a second.",
         "net.ipv4.tcp_tw_reuse_delay is below 1000 ms.",
         "Timestamps may not have advanced by then: a late segment of the old connection can enter the new one.",
         "sysctl -w net.ipv4.tcp_tw_reuse_delay=1000", kIpSysctl,
         [](const Facts& facts) { return where(facts, kReuseDelay, [](auto value) { return value < 1000; }); }},
    Rule{"timestamps-off", warning, "TCP timestamps are off.", "net.ipv4.tcp_timestamps is 0.",
         "The kernel cannot reuse a port in TIME_WAIT, does not recognise old segments (PAWS), and measures the "
         "round-trip time badly.",
         "sysctl -w net.ipv4.tcp_timestamps=1", kIpSysctl,
         [](const Facts& facts) { return where(facts, kTimestamps, [](auto value) { return value == 0; }); }},
    Rule{"port-range-narrow", warning, "The range of local ports is narrow.",
         "net.ipv4.ip_local_port_range has fewer than 10,000 ports.",
         "One address gets at most that many connections to one destination at a time, those in TIME_WAIT included.",
         "sysctl -w net.ipv4.ip_local_port_range='32768 60999'", kIpSysctl, narrow_range},
    Rule{"somaxconn-low", warning, "The kernel limits the queues of listeners to a small number.",
         "net.core.somaxconn is below 1024.",
         "A burst of connections overflows the queue. The kernel drops the end of the handshake, and clients wait a "
         "second or more.",
         "sysctl -w net.core.somaxconn=4096    # then start the servers again: listen(2) reads it", kIpSysctl,
         [](const Facts& facts) { return where(facts, kBacklog, [](auto value) { return value < kLeastBacklog; }); }},
    Rule{"syncookies-off", warning, "SYN cookies are off.", "net.ipv4.tcp_syncookies is 0.",
         "A flood of SYNs fills the queue of handshakes, and no client gets a connection.",
         "sysctl -w net.ipv4.tcp_syncookies=1", kIpSysctl,
         [](const Facts& facts) { return where(facts, kCookies, [](auto value) { return value == 0; }); }},
    Rule{"abort-on-overflow", warning, "A listener whose queue is full resets its clients.",
         "net.ipv4.tcp_abort_on_overflow is not 0.",
         "A short burst becomes connection errors. Without the setting the client's kernel tries again.",
         "sysctl -w net.ipv4.tcp_abort_on_overflow=0", kIpSysctl,
         [](const Facts& facts) { return where(facts, kAbort, [](auto value) { return value != 0; }); }},
    Rule{"fin-timeout-short", warning, "The kernel forgets closed connections before the peer has finished.",
         "net.ipv4.tcp_fin_timeout is below 10 s.",
         "A peer that takes longer to finish finds no socket, and gets a reset for its data.",
         "sysctl -w net.ipv4.tcp_fin_timeout=60", kIpSysctl,
         [](const Facts& facts) { return where(facts, kFinTimeout, [](auto value) { return value < 10; }); }},
    Rule{"fin-timeout-long", note, "The kernel keeps closed connections for long.",
         "net.ipv4.tcp_fin_timeout is above 300 s.", "Peers that never send a FIN hold memory and ports for that time.",
         "sysctl -w net.ipv4.tcp_fin_timeout=60", kIpSysctl,
         [](const Facts& facts) { return where(facts, kFinTimeout, [](auto value) { return value > 300; }); }},
    Rule{"orphan-retries-few", warning, "The kernel gives up closed connections after one or two tries.",
         "net.ipv4.tcp_orphan_retries is 1 or 2; 0 means 8.",
         "The last bytes of an answer are lost if the path loses a few segments.",
         "sysctl -w net.ipv4.tcp_orphan_retries=0", kIpSysctl,
         [](const Facts& facts) {
           return where(facts, kOrphanRetries, [](auto value) { return value == 1 || value == 2; });
         }},
    Rule{"orphan-retries-many", note, "The kernel keeps closed connections to vanished peers for long.",
         "net.ipv4.tcp_orphan_retries is above 8.",
         "Each keeps its send buffer. Beyond tcp_max_orphans of them, the kernel resets further ones.",
         "sysctl -w net.ipv4.tcp_orphan_retries=0", kIpSysctl,
         [](const Facts& facts) { return where(facts, kOrphanRetries, [](auto value) { return value > 8; }); }},
    Rule{"retries2-few", warning, "The kernel gives up connections after seconds of loss.",
         "net.ipv4.tcp_retries2 is below 8.",
         "RFC 1122 (4.2.3.5) recommends at least 100 seconds. A short outage ends all connections.",
         "sysctl -w net.ipv4.tcp_retries2=15", kIpSysctl,
         [](const Facts& facts) { return where(facts, kRetries, [](auto value) { return value < 8; }); }},
    Rule{"syn-retries-few", warning, "The kernel repeats a SYN once or never.", "net.ipv4.tcp_syn_retries is below 2.",
         "A few lost segments cause a connection error.", "sysctl -w net.ipv4.tcp_syn_retries=6", kIpSysctl,
         [](const Facts& facts) { return where(facts, kSynRetries, [](auto value) { return value < 2; }); }},
    Rule{"rfc1337-off", note, "Resets end TIME_WAIT, while the kernel reuses ports early.",
         "net.ipv4.tcp_rfc1337 is 0, and net.ipv4.tcp_tw_reuse is 1.",
         "A late reset removes the state that protects a new connection from segments of the old one (RFC 1337).",
         "sysctl -w net.ipv4.tcp_rfc1337=1", kIpSysctl, rfc1337},
    Rule{"challenge-ack-limit-low", warning, "The kernel sends few challenge ACKs a second.",
         "net.ipv4.tcp_challenge_ack_limit is below 1000.",
         "The kernel answers a reset or a SYN that is not at the exact sequence number with a challenge ACK (RFC "
         "5961). Beyond the limit it sends none, and the connection hangs at the other end. Attackers can also learn "
         "from a shared limit.",
         "sysctl -w net.ipv4.tcp_challenge_ack_limit=2147483647", kIpSysctl,
         [](const Facts& facts) {
           return where(facts, kChallenge, [](auto value) { return value < kLeastChallenges; });
         }},
    Rule{"keepalive-behind-conntrack", warning, "Connection tracking forgets idle connections before keepalive begins.",
         "nf_conntrack_tcp_timeout_established is not above net.ipv4.tcp_keepalive_time.",
         "The firewall drops the entry of an idle connection. The next segment is dropped or reset.",
         "sysctl -w net.ipv4.tcp_keepalive_time=SECONDS    # a third of the time of connection tracking",
         kConntrackSysctl, keepalive_behind_conntrack},
    Rule{"conntrack-half-close-short", warning, "Connection tracking forgets half-closed connections within a minute.",
         "nf_conntrack_tcp_timeout_close_wait or _fin_wait is below 60 s.",
         "The firewall drops an answer that takes longer after the FIN of the request.",
         "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=120    # or fin_wait", kConntrackSysctl,
         half_close_behind_conntrack},
    Rule{"congestion-control-reno", note, "Congestion control is Reno.", "net.ipv4.tcp_congestion_control is reno.",
         "It recovers slowly on long fast paths.", "sysctl -w net.ipv4.tcp_congestion_control=cubic", kIpSysctl, reno},
    Rule{"path-mtu-discovery-off", warning, "Path MTU discovery is off.", "net.ipv4.ip_no_pmtu_disc is 1 or 2.",
         "Routers fragment packets, or the kernel sends them too small.", "sysctl -w net.ipv4.ip_no_pmtu_disc=0",
         kIpSysctl, no_path_mtu},
    Rule{"mtu-probing-off", note, "Many segments time out, and TCP does not probe for a smaller MTU.",
         "net.ipv4.tcp_mtu_probing is 0, and there was a retransmission timeout for every 20 segments sent.",
         "If a firewall drops ICMP, large segments vanish while small ones pass: connections hang when they send much.",
         "sysctl -w net.ipv4.tcp_mtu_probing=1", kIpSysctl, no_probing},
};

}  // namespace

std::span<const Rule> setting_rules() { return kSettingRules; }

}  // namespace lastbyte::doctor
