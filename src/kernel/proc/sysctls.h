// Settings of the kernel (sysctl(8)), read in a network namespace. Nothing here writes one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lastbyte::kernel {

/// Settings at one moment, by the names that sysctl(8) takes: "net.ipv4.tcp_tw_reuse".
class Sysctls {
 public:
  Sysctls() = default;
  explicit Sysctls(std::map<std::string, std::string, std::less<>> values) : values_(std::move(values)) {}

  void set(std::string name, std::string value) { values_.insert_or_assign(std::move(name), std::move(value)); }

  /// Without the final line end. nullopt: this kernel has no such setting, or it may not be read.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  /// nullopt also where it is not a number, or more than one.
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view name) const;
  /// "4096 131072 6291456" as three numbers; empty where it is not numbers.
  [[nodiscard]] std::vector<std::int64_t> numbers(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// Reads those of `names` that exist, in a network namespace as read_counters() takes one. Most of net.ipv4 belongs to
/// the namespace; the rest is the host's, and the kernel hides some of that in any namespace but the first.
Result<Sysctls> read_sysctls(std::span<const std::string_view> names, int network = -1);

}  // namespace lastbyte::kernel
