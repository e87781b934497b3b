// Rules about single settings of the kernel. What Linux has by default is no finding.
#include <fmt/format.h>

#include <array>

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
constexpr std::string_view kProbing = "net.ipv4.tcp_mtu_probing";
constexpr std::string_view kNoDiscovery = "net.ipv4.ip_no_pmtu_disc";
constexpr std::string_view kTracked = "net.netfilter.nf_conntrack_tcp_timeout_established";
constexpr std::string_view kTrackedCloseWait = "net.netfilter.nf_conntrack_tcp_timeout_close_wait";
constexpr std::string_view kTrackedFinWait = "net.netfilter.nf_conntrack_tcp_timeout_fin_wait";

/// The setting, where it is a number and the condition holds.
template <typename Holds>
Found where(const Facts& facts, std::string_view name, Holds holds, std::string_view mended) {
  const auto value = facts.sysctls.number(name);
  if (!value || !holds(*value)) return nothing();
  return one(setting_is(facts, name), set_to(name, mended));
}

constexpr std::int64_t kFewestPorts = 10'000;
constexpr std::int64_t kLeastBacklog = 1'024;
constexpr std::int64_t kLeastChallenges = 1'000;
constexpr std::int64_t kLeastHalfCloseSeconds = 60;

constexpr std::array kSettingRules{
    Rule{"tw-reuse-off", warning, "Ports in TIME_WAIT are never used again before a minute.",
         "A client that closes first gets about 470 connections a second to one destination from one address; beyond "
         "that connect() fails with EADDRNOTAVAIL.",
         "", kIpSysctl,
         [](const Facts& facts) { return where(facts, kReuse, [](auto value) { return value == 0; }, "2"); }},
    Rule{"tw-reuse-delay-short", warning, "Ports in TIME_WAIT are used again within a second.",
         "Timestamps may not have advanced by then: a late segment of the old connection can enter the new one.", "",
         kIpSysctl,
         [](const Facts& facts) { return where(facts, kReuseDelay, [](auto value) { return value < 1000; }, "1000"); }},
    Rule{"timestamps-off", warning, "TCP timestamps are off.",
         "Ports in TIME_WAIT cannot be used again early, old segments are not recognised (PAWS), and the round-trip "
         "time "
         "is measured badly.",
         "", kIpSysctl,
         [](const Facts& facts) { return where(facts, kTimestamps, [](auto value) { return value == 0; }, "1"); }},
    Rule{"port-range-narrow", warning, "Few local ports are there for outgoing connections.",
         "Each destination gets at most so many connections from one address at a time, TIME_WAIT included.", "",
         kIpSysctl,
         [](const Facts& facts) {
           const auto range = facts.sysctls.numbers(kPortRange);
           if (range.size() != 2 || range[1] - range[0] + 1 >= kFewestPorts) return nothing();
           return one(fmt::format("{} is {} to {}: {} ports.", kPortRange, range[0], range[1], range[1] - range[0] + 1),
                      set_to(kPortRange, "32768 60999"));
         }},
    Rule{"somaxconn-low", warning, "Listeners' queues are short.",
         "A burst of connections overflows them: the kernel drops the handshake, and clients wait a second or more.",
         "", kIpSysctl,
         [](const Facts& facts) {
           return where(facts, kBacklog, [](auto value) { return value < kLeastBacklog; }, "4096");
         }},
    Rule{"syncookies-off", warning, "SYN cookies are off.",
         "A flood of SYNs fills the queue, and no client gets a connection.", "", kIpSysctl,
         [](const Facts& facts) { return where(facts, kCookies, [](auto value) { return value == 0; }, "1"); }},
    Rule{"abort-on-overflow", warning, "A full listener resets clients.",
         "A short burst becomes connection errors, where without the setting the client's kernel would try again.", "",
         kIpSysctl,
         [](const Facts& facts) { return where(facts, kAbort, [](auto value) { return value != 0; }, "0"); }},
    Rule{"fin-timeout-short", warning, "Closed connections are forgotten before the peer has finished.",
         "A peer whose answer takes longer meets a socket that is gone, and gets a reset for its data.", "", kIpSysctl,
         [](const Facts& facts) { return where(facts, kFinTimeout, [](auto value) { return value < 10; }, "60"); }},
    Rule{"fin-timeout-long", note, "Closed connections are kept for long.",
         "Peers that never send a FIN hold memory and ports for that time.", "", kIpSysctl,
         [](const Facts& facts) { return where(facts, kFinTimeout, [](auto value) { return value > 300; }, "60"); }},
    Rule{"orphan-retries-few", warning, "The kernel gives up on closed connections after few tries.",
         "The last bytes of an answer are lost where the path loses a few segments. 0 means 8 tries.", "", kIpSysctl,
         [](const Facts& facts) {
           return where(facts, kOrphanRetries, [](auto value) { return value == 1 || value == 2; }, "0");
         }},
    Rule{"orphan-retries-many", note, "The kernel keeps closed connections to vanished peers for long.",
         "Each holds its send buffer meanwhile; tcp_max_orphans ends others early.", "", kIpSysctl,
         [](const Facts& facts) { return where(facts, kOrphanRetries, [](auto value) { return value > 8; }, "0"); }},
    Rule{"retries2-few", warning, "Connections are given up within seconds of loss.",
         "RFC 1122 (4.2.3.5) asks for at least 100 seconds: a short outage ends all connections.", "", kIpSysctl,
         [](const Facts& facts) { return where(facts, kRetries, [](auto value) { return value < 8; }, "15"); }},
    Rule{"syn-retries-few", warning, "A connection attempt is given up after one or no repetition.",
         "A single lost segment is a connection error.", "", kIpSysctl,
         [](const Facts& facts) { return where(facts, kSynRetries, [](auto value) { return value < 2; }, "6"); }},
    Rule{"rfc1337-off", note, "Resets end TIME_WAIT early while ports are used again early.",
         "A late reset removes the state that protects a new connection from the old one's segments (RFC 1337).", "",
         kIpSysctl,
         [](const Facts& facts) {
           if (facts.sysctls.number(kReuse) != 1 || facts.sysctls.number(kRfc1337) != 0) return nothing();
           return one(setting_is(facts, kRfc1337) + " " + setting_is(facts, kReuse), set_to(kRfc1337, "1"));
         }},
    Rule{
        "challenge-ack-limit-low", warning, "Few challenge ACKs are sent a second.",
        "A reset or SYN that is not at the exact sequence number is answered by a challenge ACK (RFC 5961); beyond the "
        "limit it is ignored, and the connection hangs at the other end. A shared limit also leaks to attackers.",
        "", kIpSysctl,
        [](const Facts& facts) {
          return where(facts, kChallenge, [](auto value) { return value < kLeastChallenges; }, "2147483647");
        }},
    Rule{"keepalive-behind-conntrack", warning,
         "Connection tracking forgets idle connections before keepalive probes them.",
         "The firewall drops the entry of an idle connection; the next segment is dropped or reset.", "",
         kConntrackSysctl,
         [](const Facts& facts) {
           const auto tracked = facts.sysctls.number(kTracked);
           const auto keepalive = facts.sysctls.number(kKeepalive);
           if (!tracked || !keepalive || *tracked > *keepalive) return nothing();
           return one(setting_is(facts, kTracked) + " " + setting_is(facts, kKeepalive),
                      set_to(kKeepalive, std::to_string(std::max<std::int64_t>(*tracked / 3, 10))));
         }},
    Rule{"conntrack-half-close-short", warning, "Connection tracking forgets half-closed connections soon.",
         "An answer that takes longer after the request's FIN is dropped by the firewall.", "", kConntrackSysctl,
         [](const Facts& facts) {
           Found found;
           for (const std::string_view name : {kTrackedCloseWait, kTrackedFinWait}) {
             const auto value = facts.sysctls.number(name);
             if (value && *value < kLeastHalfCloseSeconds)
               found.push_back({.text = setting_is(facts, name), .command = set_to(name, "120")});
           }
           return found;
         }},
    Rule{"congestion-control-reno", note, "Congestion control is Reno.", "It recovers slowly on long fast paths.", "",
         kIpSysctl,
         [](const Facts& facts) {
           if (facts.sysctls.text(kCongestion) != "reno") return nothing();
           return one(setting_is(facts, kCongestion), set_to(kCongestion, "cubic"));
         }},
    Rule{"path-mtu-discovery-off", warning, "Path MTU discovery is off.",
         "Packets are fragmented on the way, or sent too small.", "", kIpSysctl,
         [](const Facts& facts) {
           const auto mode = facts.sysctls.number(kNoDiscovery);
           if (!mode || (*mode != 1 && *mode != 2)) return nothing();
           return one(setting_is(facts, kNoDiscovery), set_to(kNoDiscovery, "0"));
         }},
    Rule{
        "mtu-probing-off", note, "Many timeouts, and TCP does not probe for a smaller MTU.",
        "Where a firewall drops ICMP, large segments vanish for ever while small ones pass: connections hang once much "
        "is sent.",
        "", kIpSysctl,
        [](const Facts& facts) {
          const std::int64_t sent = facts.total.value("Tcp:OutSegs");
          const std::int64_t timeouts = facts.total.value("TcpExt:TCPTimeouts");
          if (facts.sysctls.number(kProbing) != 0 || sent < 1000 || timeouts * 20 < sent) return nothing();
          return one(setting_is(facts, kProbing) + " Timeouts: " +
                         share(static_cast<std::uint64_t>(timeouts), static_cast<std::uint64_t>(sent)) + " segments.",
                     set_to(kProbing, "1"));
        }},
};

}  // namespace

std::span<const Rule> setting_rules() { return kSettingRules; }

}  // namespace lastbyte::doctor
