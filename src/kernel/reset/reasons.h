// Why the kernel sends a reset (enum sk_rst_reason of include/net/rstreason.h, since Linux 6.10): what each reason
// means, what to do about it, and which reasons the running kernel has.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lastbyte::kernel {

/// What made the kernel send a reset.
enum class ResetTrigger : std::uint8_t {
  call,     ///< a call of the program that owned the socket: close(), connect() with AF_UNSPEC, SOCK_DESTROY
  segment,  ///< a segment arrived that no connection could take
  timer,    ///< nothing arrived for too long
  memory,   ///< the kernel had no memory left for the connection
  unknown,
};

struct ResetReason {
  std::string_view name;  ///< the tracepoint's word: "TCP_ABORT_ON_CLOSE"
  ResetTrigger trigger;
  std::string_view meaning;       ///< one sentence
  std::string_view cause;         ///< the usual cause, one or two sentences
  std::string_view reproduction;  ///< commands of `lastbyte sock`, or a sentence that says why they do not suffice
  std::string_view advice;        ///< one or two sentences
};

/// All reasons that lastbyte knows, in the order of Linux 6.18.
std::span<const ResetReason> reset_reasons();
/// Returns null if lastbyte does not know the reason.
const ResetReason* find_reset_reason(std::string_view name);
/// Returns "a call of the program" and so on.
std::string_view trigger_text(ResetTrigger trigger);

/// The reasons of a kernel by number, from its BTF. Numbers differ between kernels; names stay.
using KernelReasons = std::map<std::uint32_t, std::string>;

/// Returns the running kernel's reasons. Fails if the kernel has no BTF (/sys/kernel/btf/vmlinux) or no reasons (before
/// 6.10).
Result<KernelReasons> running_kernel_reasons();

/// The differences between lastbyte's table and a kernel.
struct ReasonDrift {
  std::vector<std::string> undescribed;    ///< in the kernel, but not in the table
  std::vector<std::string> not_in_kernel;  ///< in the table, but not in the kernel

  [[nodiscard]] bool none() const { return undescribed.empty() && not_in_kernel.empty(); }
};
ReasonDrift compare_reasons(const KernelReasons& kernel);

}  // namespace lastbyte::kernel
