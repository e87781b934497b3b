#include "kernel/proc/sysctls.h"

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "net/namespace/enter.h"

namespace lastbyte::kernel {
namespace {

/// As in sysctl(8): a dot in a name stands for a slash of the path, a slash for a dot ("net.ipv4.conf.eth0/1").
std::string path_of(std::string_view name) {
  std::string path = "/proc/sys/";
  for (const char c : name) path += c == '.' ? '/' : c == '/' ? '.' : c;
  return path;
}

}  // namespace

std::optional<std::string> Sysctls::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::int64_t> Sysctls::numbers(std::string_view name) const {
  std::istringstream text(this->text(name).value_or(""));
  std::vector<std::int64_t> numbers;
  for (std::int64_t number = 0; text >> number;) numbers.push_back(number);
  return text.eof() ? numbers : std::vector<std::int64_t>{};
}

std::optional<std::int64_t> Sysctls::number(std::string_view name) const {
  const auto all = numbers(name);
  if (all.size() != 1) return std::nullopt;
  return all.front();
}

Result<Sysctls> read_sysctls(std::span<const std::string_view> names, int network) {
  Sysctls sysctls;
  // /proc/sys/net shows the namespace of the thread that opens the file (net/sysctl_net.c net_ctl_header_lookup).
  const auto entered = net::run_inside(network, [&] {
    for (const std::string_view name : names) {
      auto text = read_file(path_of(name));
      if (!text) continue;
      while (!text->empty() && text->back() == '\n') text->pop_back();
      sysctls.set(std::string(name), std::move(*text));
    }
  });
  if (!entered) return Failure(entered.error());
  return sysctls;
}

}  // namespace lastbyte::kernel
