#include "doctor/collect.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "base/file.h"
#include "kernel/reset/reasons.h"
#include "kernel/watch/source.h"
#include "net/diag/sockets.h"
#include "net/namespace/enter.h"

namespace lastbyte::doctor {
namespace {

using std::chrono::seconds;

constexpr std::array<std::string_view, 29> kSettings{"net.ipv4.tcp_tw_reuse",
                                                     "net.ipv4.tcp_tw_reuse_delay",
                                                     "net.ipv4.tcp_timestamps",
                                                     "net.ipv4.ip_local_port_range",
                                                     "net.ipv4.ip_local_reserved_ports",
                                                     "net.core.somaxconn",
                                                     "net.ipv4.tcp_syncookies",
                                                     "net.ipv4.tcp_max_syn_backlog",
                                                     "net.ipv4.tcp_abort_on_overflow",
                                                     "net.ipv4.tcp_fin_timeout",
                                                     "net.ipv4.tcp_orphan_retries",
                                                     "net.ipv4.tcp_retries2",
                                                     "net.ipv4.tcp_syn_retries",
                                                     "net.ipv4.tcp_rfc1337",
                                                     "net.ipv4.tcp_challenge_ack_limit",
                                                     "net.ipv4.tcp_keepalive_time",
                                                     "net.ipv4.tcp_congestion_control",
                                                     "net.ipv4.tcp_mtu_probing",
                                                     "net.ipv4.ip_no_pmtu_disc",
                                                     "net.ipv4.tcp_max_orphans",
                                                     "net.ipv4.tcp_max_tw_buckets",
                                                     "net.ipv4.tcp_mem",
                                                     "net.netfilter.nf_conntrack_max",
                                                     "net.netfilter.nf_conntrack_count",
                                                     "net.netfilter.nf_conntrack_tcp_timeout_established",
                                                     "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
                                                     "net.netfilter.nf_conntrack_tcp_timeout_fin_wait",
                                                     "fs.file-nr",
                                                     "kernel.io_uring_disabled"};

/// Owners by cookie: by BPF where it loads. Otherwise nobody is known.
std::map<std::uint64_t, kernel::ProcessName> owners(Facts& facts) {
  std::map<std::uint64_t, kernel::ProcessName> all;
  const auto sockets = kernel::list_sockets();
  if (!sockets) {
    facts.unread.push_back("the owners of sockets: " + sockets.error().text());
    return all;
  }
  for (const kernel::ProcessSocket& each : *sockets) all.try_emplace(each.cookie, each.process);
  return all;
}

std::vector<net::diag::Socket> all_sockets(std::vector<std::string>& unread) {
  std::vector<net::diag::Socket> all;
  for (const int family : {AF_INET, AF_INET6}) {
    net::diag::Filter filter;
    filter.family = family;
    filter.with_details = true;
    const auto asked = net::diag::for_each_socket(filter, [&](const net::diag::Socket& each) { all.push_back(each); });
    if (!asked) unread.push_back(asked.error().text());
  }
  return all;
}

/// Cookies of listeners at which connections wait.
std::set<std::uint64_t> waiting_listeners(const std::vector<net::diag::Socket>& sockets) {
  std::set<std::uint64_t> all;
  for (const net::diag::Socket& each : sockets)
    if (each.state == State::listening && each.receive_queue > 0) all.insert(each.cookie);
  return all;
}

seconds idle_of(const net::diag::Socket& socket) {
  if (!socket.details || !socket.details->tcp) return seconds(0);
  const net::diag::TcpFigures& figures = *socket.details->tcp;
  return seconds(std::min({figures.since_data_received_ms, figures.since_data_sent_ms, figures.since_ack_received_ms}) /
                 1000);
}

std::optional<std::uint64_t> number_after(const std::string& text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = text.find_first_of("0123456789", at + key.size());
  if (begin == std::string::npos || text.find('\n', at) < begin) return std::nullopt;
  std::uint64_t number = 0;
  std::from_chars(text.data() + begin, text.data() + text.size(), number);
  return number;
}

std::uint64_t count_entries(const std::string& directory) {
  std::uint64_t count = 0;
  std::error_code none;
  for (auto at = std::filesystem::directory_iterator(directory, none); at != std::filesystem::directory_iterator();
       ++at)
    ++count;
  return count;
}

Result<Process> look_at(std::uint32_t pid, bool intrusive, std::vector<std::string>& unread) {
  const std::string directory = "/proc/" + std::to_string(pid);
  const auto status = read_file(directory + "/status");
  if (!status)
    return failure("look at process " + std::to_string(pid), status.error().code, "no process has that number");
  Process process;
  process.name.pid = pid;
  if (auto comm = read_file(directory + "/comm"); comm && !comm->empty()) {
    comm->pop_back();
    process.name.comm = *comm;
  }
  process.seccomp = static_cast<int>(number_after(*status, "Seccomp:").value_or(0));
  process.descriptors = count_entries(directory + "/fd");
  if (const auto limits = read_file(directory + "/limits"))
    process.descriptor_limit = number_after(*limits, "Max open files");
  auto sockets = kernel::list_sockets(pid);
  if (!sockets && intrusive) sockets = take_sockets(pid);
  if (sockets) {
    process.sockets = std::move(*sockets);
  } else {
    unread.push_back("the sockets of process " + std::to_string(pid) + ": " + sockets.error().text() +
                     (intrusive ? "" : "; --intrusive takes each descriptor for a moment instead"));
  }
  return process;
}

Ability can_watch(kernel::Level level) {
  kernel::SourceSettings settings;
  settings.ring_bytes = 4096;
  const auto opened = kernel::open_source(settings, level);
  return {.name = std::string(kernel::level_word(level)),
          .there = opened.has_value(),
          .why_not = opened ? "" : opened.error().detail};
}

/// A call with arguments that it refuses: EPERM and ENOSYS come before it looks at them.
Ability can_io_uring() {
  if (::syscall(SYS_io_uring_setup, 0, nullptr) >= 0 || (errno != EPERM && errno != ENOSYS))
    return {.name = "io_uring", .there = true};
  const int code = errno;
  return {.name = "io_uring", .there = false, .why_not = failure("io_uring_setup(2)", code).value().text()};
}

}  // namespace

std::vector<Ability> abilities() {
  std::vector<Ability> all;
  for (const kernel::Level level :
       {kernel::Level::typed, kernel::Level::raw, kernel::Level::tracefs, kernel::Level::counters})
    all.push_back(can_watch(level));
  const auto sockets = kernel::list_sockets(static_cast<std::uint32_t>(::getpid()));
  all.push_back(
      {.name = "iter/task_file", .there = sockets.has_value(), .why_not = sockets ? "" : sockets.error().text()});
  all.push_back(can_io_uring());
  return all;
}

Result<Facts> collect(const Asked& asked) {
  Facts facts;
  auto before = kernel::read_counters(asked.network);
  if (!before) return Failure(before.error());
  std::vector<net::diag::Socket> first;
  if (auto inside = net::run_inside(asked.network, [&] { first = all_sockets(facts.unread); }); !inside)
    return Failure(inside.error());
  const auto waited = waiting_listeners(first);
  if (asked.pid) {
    auto process = look_at(*asked.pid, asked.intrusive, facts.unread);
    if (!process) return Failure(process.error());
    facts.process = std::move(*process);
  }
  facts.abilities = abilities();
  if (const auto reasons = kernel::running_kernel_reasons())
    facts.unknown_reasons = kernel::compare_reasons(*reasons).undescribed;
  std::this_thread::sleep_for(asked.window);

  auto after = kernel::read_counters(asked.network);
  if (!after) return Failure(after.error());
  facts.window = after->since(*before);
  facts.total = std::move(*after);
  facts.watched = asked.window;
  auto sysctls = kernel::read_sysctls(kSettings, asked.network);
  if (!sysctls) return Failure(sysctls.error());
  facts.sysctls = std::move(*sysctls);
  std::vector<std::string> told_already;
  std::vector<net::diag::Socket> second;
  if (auto inside = net::run_inside(asked.network, [&] { second = all_sockets(told_already); }); !inside)
    return Failure(inside.error());
  const auto owner_of = owners(facts);
  for (net::diag::Socket& each : second) {
    Socket socket;
    socket.idle = idle_of(each);
    socket.waited_before = waited.contains(each.cookie);
    if (const auto owner = owner_of.find(each.cookie); owner != owner_of.end()) socket.owner = owner->second;
    socket.tcp = std::move(each);
    facts.sockets.push_back(std::move(socket));
  }
  return facts;
}

}  // namespace lastbyte::doctor
