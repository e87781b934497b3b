#include "doctor/target.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <unordered_map>

#include "base/file.h"
#include "doctor/rules/looks.h"
#include "kernel/proc/holders.h"
#include "net/namespace/enter.h"

namespace lastbyte::doctor {
namespace {

std::optional<std::uint64_t> number_after(const std::string& text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = text.find_first_of("0123456789", at + key.size());
  if (begin == std::string::npos || text.find('\n', at) < begin) return std::nullopt;
  std::uint64_t number = 0;
  std::from_chars(text.data() + begin, text.data() + text.size(), number);
  return number;
}

std::optional<std::uint64_t> count_entries(const std::string& directory) {
  std::uint64_t count = 0;
  std::error_code error;
  for (auto at = std::filesystem::directory_iterator(directory, error); at != std::filesystem::directory_iterator();
       at.increment(error))
    ++count;
  return error ? std::nullopt : std::optional(count);
}

/// Reads the sockets with no right but to read the process's descriptors.
Result<std::vector<HeldSocket>> without_bpf(const kernel::ProcessName& process,
                                            const std::vector<net::diag::Socket>& sockets) {
  const auto descriptors = kernel::socket_descriptors(process.pid);
  if (!descriptors) return Failure(descriptors.error());
  std::unordered_map<std::uint32_t, const net::diag::Socket*> by_inode;
  for (const net::diag::Socket& each : sockets)
    if (each.inode != 0) by_inode.emplace(each.inode, &each);
  std::vector<HeldSocket> all;
  for (const kernel::SocketDescriptor& each : *descriptors)
    if (const auto found = by_inode.find(each.inode); found != by_inode.end())
      all.push_back(held_without_options(*found->second, process, each.descriptor));
  return all;
}

void look_at_sockets(Process& process, bool intrusive, const std::vector<net::diag::Socket>& sockets,
                     std::vector<std::string>& unread) {
  const std::string whose = "the sockets of process " + std::to_string(process.name.pid) + ": ";
  const auto listed = kernel::list_sockets(process.name.pid);
  if (listed) {
    for (const kernel::ProcessSocket& each : *listed) process.sockets.push_back({.held = each});
    return;
  }
  if (intrusive) {
    auto taken = take_sockets(process.name.pid);
    if (taken) {
      for (const kernel::ProcessSocket& each : taken->sockets) process.sockets.push_back({.held = each});
      process.taken = taken->taken;
      return;
    }
    unread.push_back(whose + taken.error().text());
  }
  auto plain = without_bpf(process.name, sockets);
  if (plain) {
    process.sockets = std::move(*plain);
    if (!intrusive)
      unread.push_back("the options of sockets: " + listed.error().text() +
                       "; --intrusive takes each descriptor for a moment instead");
  } else {
    unread.push_back(whose + plain.error().text());
  }
}

}  // namespace

int seccomp_of(std::string_view process) {
  const auto status = read_file("/proc/" + std::string(process) + "/status");
  return status ? static_cast<int>(number_after(*status, "Seccomp:").value_or(0)) : 0;
}

Result<Process> look_at(std::uint32_t pid, bool intrusive, const std::vector<net::diag::Socket>& sockets,
                        std::vector<std::string>& unread) {
  const std::string operation = "look at process " + std::to_string(pid);
  const auto status = read_file("/proc/" + std::to_string(pid) + "/status");
  if (!status) return failure(operation, status.error().code, net::why_no_process(pid));
  Process process;
  // A thread shares the descriptors of its process.
  process.name.pid = static_cast<std::uint32_t>(number_after(*status, "Tgid:").value_or(pid));
  const std::string directory = "/proc/" + std::to_string(process.name.pid);
  process.name.comm = kernel::comm_of(process.name.pid);
  process.seccomp = static_cast<int>(number_after(*status, "Seccomp:").value_or(0));
  if (const auto limits = read_file(directory + "/limits"))
    process.descriptor_limit = number_after(*limits, "Max open files");
  if (const auto count = count_entries(directory + "/fd")) {
    process.descriptors = *count;
  } else {
    process.descriptor_limit = std::nullopt;
    unread.push_back("the descriptors of process " + std::to_string(pid) + ": /proc does not show them");
  }
  look_at_sockets(process, intrusive, sockets, unread);
  return process;
}

}  // namespace lastbyte::doctor
