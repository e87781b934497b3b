// Reads settings of the kernel (sysctl(8)) in a network namespace. Nothing here writes a setting.
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

/// Settings at one moment. Names are those of sysctl(8): "net.ipv4.tcp_tw_reuse".
class Sysctls {
 public:
  Sysctls() = default;
  explicit Sysctls(std::map<std::string, std::string, std::less<>> values) : values_(std::move(values)) {}

  void set(std::string name, std::string value) { values_.insert_or_assign(std::move(name), std::move(value)); }

  /// Returns "4096 131072 6291456" as three numbers; empty if a word is no number.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  /// nullopt also where it is not a number, or more than one.
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view name) const;
  /// "4096 131072 6291456" as three numbers; empty where it is not numbers.
  [[nodiscard]] std::vector<std::int64_t> numbers(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// Reads those of `names` that exist. `network` is as for read_counters(). Most of net.ipv4 belongs to the namespace;
/// the rest belongs to the host, and the kernel hides some of it in all namespaces but the first.
Result<Sysctls> read_sysctls(std::span<const std::string_view> names, int network = -1);

}  // namespace lastbyte::kernel
