// kernel: what the running kernel says of its network stack, and why it resets connections. This file: the counters of
// /proc/net, of one network namespace at one moment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lastbyte::kernel {

/// Counters by name. A name is the kernel's group and word: "Tcp:OutRsts" and "TcpExt:ListenOverflows" of snmp and
/// netstat, "Ip6:InReceives" and "Udp6:NoPorts" of snmp6, "Sockstat:TCP.tw" of sockstat. All count events since the
/// namespace was made, except those of sockstat and "Tcp:CurrEstab": they are levels, in the units of the kernel
/// ("mem" in pages).
class Counters {
 public:
  /// Two lines a group: "TcpExt: ListenOverflows ..." and "TcpExt: 12 ..." (snmp, netstat). Lines that do not pair are
  /// left out.
  void add_pairs(std::string_view text);
  /// One line a counter: "Ip6InReceives 12" (snmp6). Names that belong to no known group are left out.
  void add_snmp6(std::string_view text);
  /// "TCP: inuse 5 orphan 0 tw 2" (sockstat and sockstat6).
  void add_sockstat(std::string_view text);

  /// nullopt: this kernel has no such counter.
  [[nodiscard]] std::optional<std::int64_t> find(std::string_view name) const;
  /// 0 where this kernel has no such counter.
  [[nodiscard]] std::int64_t value(std::string_view name) const { return find(name).value_or(0); }
  [[nodiscard]] const std::map<std::string, std::int64_t, std::less<>>& all() const { return values_; }
  [[nodiscard]] bool empty() const { return values_.empty(); }

  /// What was added since `earlier`: every counter whose value differs, with the difference.
  [[nodiscard]] Counters since(const Counters& earlier) const;

 private:
  std::map<std::string, std::int64_t, std::less<>> values_;
};

/// Reads them in a network namespace: a descriptor of one (net/namespace/enter.h), or -1 for that of the calling
/// thread. Entering needs CAP_SYS_ADMIN; a thread of its own does it. Fails where /proc/net/snmp or netstat cannot be
/// read; an absent IPv6 is no failure.
Result<Counters> read_counters(int network = -1);

}  // namespace lastbyte::kernel
