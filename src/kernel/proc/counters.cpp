#include "kernel/proc/counters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/file.h"
#include "net/namespace/enter.h"

namespace lastbyte::kernel {
namespace {

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::vector<std::string_view> words_of(std::string_view line) {
  constexpr std::string_view kBlank = " \t\r";
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t begin = std::min(line.find_first_not_of(kBlank), line.size());
    if (begin == line.size()) return words;
    const std::size_t end = std::min(line.find_first_of(kBlank, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
}

/// The kernel prints most counters unsigned. A counter reaches INT64_MAX only after centuries.
std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// snmp6 has no colons ("Ip6InReceives"): these are its groups (net/ipv6/proc.c), longest first.
constexpr std::array<std::string_view, 4> kSnmp6Groups{"UdpLite6", "Icmp6", "Udp6", "Ip6"};

}  // namespace

void Counters::add_pairs(std::string_view text) {
  while (!text.empty()) {
    const auto names = words_of(next_line(text));
    if (names.empty()) continue;
    std::string_view rest = text;
    const auto values = words_of(next_line(rest));
    if (values.size() != names.size() || values.front() != names.front()) continue;
    text = rest;
    for (std::size_t at = 1; at < names.size(); ++at)
      if (const auto value = number_of(values[at]))
        values_[std::string(names.front()) + std::string(names[at])] = *value;
  }
}

void Counters::add_snmp6(std::string_view text) {
  while (!text.empty()) {
    const auto words = words_of(next_line(text));
    if (words.size() != 2) continue;
    const auto group = std::ranges::find_if(kSnmp6Groups, [&](auto each) { return words[0].starts_with(each); });
    const auto value = number_of(words[1]);
    if (group == kSnmp6Groups.end() || !value) continue;
    values_[std::string(*group) + ":" + std::string(words[0].substr(group->size()))] = *value;
  }
}

void Counters::add_sockstat(std::string_view text) {
  while (!text.empty()) {
    const auto words = words_of(next_line(text));
    if (words.empty() || !words[0].ends_with(':')) continue;
    const std::string group = "Sockstat:" + std::string(words[0].substr(0, words[0].size() - 1)) + ".";
    for (std::size_t at = 1; at + 1 < words.size(); at += 2)
      if (const auto value = number_of(words[at + 1])) values_[group + std::string(words[at])] = *value;
  }
}

std::optional<std::int64_t> Counters::find(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

Counters Counters::since(const Counters& earlier) const {
  Counters difference;
  for (const auto& [name, value] : values_) {
    const std::int64_t added = value - earlier.value(name);
    if (added != 0) difference.values_.emplace(name, added);
  }
  return difference;
}

Result<Counters> read_counters(int network) {
  // /proc/net shows the process's first thread; this path shows the calling thread (fs/proc/proc_net.c).
  const std::string directory = "/proc/thread-self/net/";
  Counters counters;
  Result<void> read;
  const auto entered = net::run_inside(network, [&] {
    for (const char* name : {"snmp", "netstat"}) {
      const auto text = read_file(directory + name);
      if (!text) {
        read = Failure(text.error());
        return;
      }
      counters.add_pairs(*text);
    }
    if (const auto text = read_file(directory + "snmp6")) counters.add_snmp6(*text);
    for (const char* name : {"sockstat", "sockstat6"})
      if (const auto text = read_file(directory + name)) counters.add_sockstat(*text);
  });
  if (!entered) return Failure(entered.error());
  if (!read) return Failure(read.error());
  return counters;
}

}  // namespace lastbyte::kernel
