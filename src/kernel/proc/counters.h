// kernel: what the running kernel reports about its network stack, and why it resets connections. This file: the
// counters of /proc/net, of one network namespace at one moment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lastbyte::kernel {

/// Counters by name. A name is the kernel's group and word: "Tcp:OutRsts" and "TcpExt:ListenOverflows" of snmp and
/// netstat, "Ip6:InReceives" and "Udp6:NoPorts" of snmp6, "Sockstat:TCP.tw" of sockstat. All of them count events since
/// the namespace was made, except those of sockstat and "Tcp:CurrEstab": these are levels, in the kernel's units ("mem"
/// in pages).
class Counters {
 public:
  /// Adds text with two lines per group: "TcpExt: ListenOverflows ..." and "TcpExt: 12 ..." (snmp, netstat). Ignores
  /// lines without a partner.
  void add_pairs(std::string_view text);
  /// Adds text with one line per counter: "Ip6InReceives 12" (snmp6). Ignores names of unknown groups.
  void add_snmp6(std::string_view text);
  /// Adds "TCP: inuse 5 orphan 0 tw 2" (sockstat and sockstat6).
  void add_sockstat(std::string_view text);

  /// nullopt: this kernel has no such counter.
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view name) const;
  /// Returns 0 if this kernel has no such counter.
  [[nodiscard]] std::int64_t value(std::string_view name) const { return find(name).value_or(0); }
  [[nodiscard]] const std::map<std::string, std::int64_t, std::less<>>& all() const { return values_; }
  [[nodiscard]] bool empty() const { return values_.empty(); }

  /// Returns the change since `earlier`: the difference of each counter whose value differs.
  [[nodiscard]] Counters since(const Counters& earlier) const;

 private:
  std::map<std::string, std::int64_t, std::less<>> values_;
};

/// Reads the counters of a network namespace: `network` is its descriptor (net/namespace/enter.h), or -1 for the
/// calling thread's. Entering another one needs CAP_SYS_ADMIN, and happens on a thread made for it. Fails if
/// /proc/net/snmp or netstat cannot be read; a host without IPv6 is no failure.
Result<Counters> read_counters(int network = -1);

}  // namespace lastbyte::kernel
