#include "process/proc.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace lastbyte::process {
namespace {

namespace fs = std::filesystem;

std::string proc(pid_t pid, const std::string& file) {
  return "/proc/" + (pid == 0 ? "thread-self" : std::to_string(pid)) + "/" + file;
}

/// Returns the fields after the program's name in the stat file of a process or thread. The name may contain any
/// character. Field 0 is the state, field 2 the process group.
std::vector<std::string> stat_fields(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  std::vector<std::string> fields;
  const auto behind_name = text.rfind(')');
  if (behind_name == std::string::npos) return fields;
  std::istringstream rest(text.substr(behind_name + 1));
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

pid_t number(const std::string& text) {
  pid_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

std::uint64_t sockets_of(pid_t pid) {
  std::uint64_t count = 0;
  std::error_code error;
  for (fs::directory_iterator at(proc(pid, "fd"), error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (fs::read_symlink(at->path(), gone).string().starts_with("socket:")) ++count;
  }
  return count;
}

/// Returns the group's processes that this process can see.
std::vector<pid_t> processes_of(pid_t group) {
  std::vector<pid_t> found;
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const pid_t pid = number(at->path().filename());
    if (pid == 0) continue;
    const auto fields = stat_fields(proc(pid, "stat"));
    if (fields.size() >= 3 && number(fields[2]) == group) found.push_back(pid);
  }
  return found;
}

/// Returns whether every thread has state 'T' or 't' of proc(5).
bool stands_still(pid_t pid) {
  std::error_code error;
  for (fs::directory_iterator at(proc(pid, "task"), error), end; !error && at != end; at.increment(error)) {
    const auto fields = stat_fields(at->path() / "stat");
    if (fields.empty() || (fields.front() != "T" && fields.front() != "t")) return false;
  }
  return !error;
}

enum class State : std::uint8_t { time_wait = 6, listen = 10 };

struct Row {
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  std::string local;
  std::string remote;
  unsigned state = 0;
};

/// Reads the table of net/ipv4/tcp_ipv4.c tcp4_seq_show and net/ipv6/tcp_ipv6.c tcp6_seq_show.
std::vector<Row> connections(pid_t pid, const char* file) {
  std::vector<Row> rows;
  std::ifstream table(proc(pid, std::string("net/") + file));
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::array<char, 40> local{};
    std::array<char, 40> remote{};
    unsigned local_port = 0;
    unsigned remote_port = 0;
    unsigned state = 0;
    if (std::sscanf(line.c_str(), " %*d: %39[0-9A-F]:%X %39[0-9A-F]:%X %X", local.data(), &local_port, remote.data(),
                    &remote_port, &state) != 5)
      continue;
    rows.push_back({static_cast<std::uint16_t>(local_port), static_cast<std::uint16_t>(remote_port), local.data(),
                    remote.data(), state});
  }
  return rows;
}

/// Reads the table of net/unix/af_unix.c unix_seq_show. A socket keeps the name that it was bound to, even after its
/// file was renamed. HAProxy binds a name that begins with the path and renames the file.
bool listens_at_path(pid_t pid, const std::string& path) {
  std::ifstream table(proc(pid, "net/unix"));
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string number, references, protocol, flags, type, state, inode, name;
    fields >> number >> references >> protocol >> flags >> type >> state >> inode >> name;
    constexpr const char* kAcceptsConnections = "00010000";  // __SO_ACCEPTCON
    if (flags == kAcceptsConnections && name.starts_with(path) && ::access(path.c_str(), F_OK) == 0) return true;
  }
  return false;
}

/// Returns an IPv4 address as the kernel prints it there: its four bytes as one number in this machine's byte order.
std::string printed(const net::Address& address) {
  std::uint32_t ip = 0;
  std::memcpy(&ip, &reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr, sizeof ip);
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08X", ip);
  return text.data();
}

}  // namespace

std::optional<Weight> weigh_process(pid_t pid) {
  std::ifstream statm(proc(pid, "statm"));
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  if (!(statm >> size >> resident)) return std::nullopt;
  if (::access(proc(pid, "fd").c_str(), R_OK) != 0) return std::nullopt;
  return Weight{resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024, sockets_of(pid)};
}

std::optional<Weight> weigh_group(pid_t group) {
  std::optional<Weight> all;
  for (const pid_t pid : processes_of(group)) {
    const auto weight = weigh_process(pid);
    if (!weight) continue;
    if (!all) all = Weight{};
    all->resident_kib += weight->resident_kib;
    all->sockets += weight->sockets;
  }
  return all;
}

bool group_stands_still(pid_t group) {
  const auto all = processes_of(group);
  return !all.empty() && std::ranges::all_of(all, stands_still);
}

std::uint64_t kernel_buffers_kib() {
  std::uint64_t bytes = 0;
  for (const char* which : {"tcp_rmem", "tcp_wmem"}) {
    std::ifstream file(std::string("/proc/sys/net/ipv4/") + which);
    std::uint64_t least = 0;
    std::uint64_t first = 0;
    std::uint64_t most = 0;
    file >> least >> first >> most;
    bytes += most;
  }
  return bytes / 1024;
}

bool listens(pid_t in_network_of, const net::Address& at) {
  if (at.is_unix()) return listens_at_path(in_network_of, at.unix_name());
  const std::uint16_t port = at.port();
  for (const char* file : {"tcp", "tcp6"}) {
    for (const Row& row : connections(in_network_of, file))
      if (row.local_port == port && row.state == static_cast<unsigned>(State::listen)) return true;
  }
  return false;
}

bool in_time_wait(const net::Address& here, const net::Address& there) {
  const bool v4 = here.family() == AF_INET && there.family() == AF_INET;
  for (const char* file : {"tcp", "tcp6"}) {
    for (const Row& row : connections(0, file)) {
      if (row.state != static_cast<unsigned>(State::time_wait)) continue;
      if (row.local_port != here.port() || row.remote_port != there.port()) continue;
      // A proxy may hold its IPv4 connections in IPv6 sockets. The IPv4 address is then the last of four words.
      if (!v4 || (row.local.ends_with(printed(here)) && row.remote.ends_with(printed(there)))) return true;
    }
  }
  return false;
}

std::uint16_t unused_port() {
  constexpr std::uint32_t kFirst = 12'000;
  constexpr std::uint32_t kCount = 20'000;
  // Each process begins at a random place, so that several checkers at once do not try the same ports in turn. 7919 and
  // kCount have no common divisor, so every port has its turn.
  constexpr std::uint32_t kStride = 7919;
  static std::atomic<std::uint32_t> next = std::random_device()() % kCount;
  for (std::uint32_t tries = 0; tries < kCount; ++tries) {
    const std::uint64_t step = std::uint64_t{next++} * kStride;
    const auto port = static_cast<std::uint16_t>(kFirst + step % kCount);
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = *net::Address::parse("0.0.0.0", port);
    if (::bind(socket.get(), address.data(), address.size()) == 0) return port;
  }
  return 0;
}

}  // namespace lastbyte::process
