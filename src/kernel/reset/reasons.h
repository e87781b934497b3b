// Why the kernel sends a reset (enum sk_rst_reason of include/net/rstreason.h, since Linux 6.10): what each reason
// means and what to do, beside the reasons that the running kernel has.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lastbyte::kernel {

/// What made the kernel send it.
enum class ResetTrigger : std::uint8_t {
  call,     ///< a call of the program that owned the socket: close(), connect() with AF_UNSPEC, SOCK_DESTROY
  segment,  ///< a segment that arrived, which no connection could take
  timer,    ///< nothing arrived for too long
  memory,   ///< the kernel had none left for it
  unknown,
};

struct ResetReason {
  std::string_view name;  ///< as the tracepoint has it: "TCP_ABORT_ON_CLOSE"
  ResetTrigger trigger;
  std::string_view meaning;       ///< a sentence
  std::string_view cause;         ///< the usual one, a sentence or two
  std::string_view reproduction;  ///< commands of `lastbyte sock`, or a sentence that says why those do not suffice
  std::string_view advice;        ///< a sentence or two
};

/// All reasons that this program knows, in the order of Linux 6.18.
std::span<const ResetReason> reset_reasons();
/// Null: it knows no such reason.
const ResetReason* find_reset_reason(std::string_view name);
/// "a call of the program" and so on.
std::string_view trigger_text(ResetTrigger trigger);

/// The reasons of a kernel by number, as its BTF has them. Numbers differ between kernels; names stay.
using KernelReasons = std::map<std::uint32_t, std::string>;

/// Those of the running kernel. Fails where it has no BTF (/sys/kernel/btf/vmlinux), or knows no reasons: before 6.10.
Result<KernelReasons> running_kernel_reasons();

/// Where the table of this program and a kernel differ.
struct ReasonDrift {
  std::vector<std::string> undescribed;    ///< the kernel has them, the table does not
  std::vector<std::string> not_in_kernel;  ///< the table has them, the kernel does not

  [[nodiscard]] bool none() const { return undescribed.empty() && not_in_kernel.empty(); }
};
ReasonDrift compare_reasons(const KernelReasons& kernel);

}  // namespace lastbyte::kernel
