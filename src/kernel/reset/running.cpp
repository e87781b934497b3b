// Reads the running kernel's reasons from its type information.
#include <bpf/btf.h>

#include <cerrno>
#include <memory>

#include "kernel/reset/reasons.h"

namespace lastbyte::kernel {

namespace {

constexpr std::string_view kPrefix = "SK_RST_REASON_";
constexpr std::string_view kEnd = "MAX";  // the enum's last value is no reason: it counts the others

}  // namespace

Result<KernelReasons> running_kernel_reasons() {
  const std::string operation = "read the reset reasons of this kernel";
  const std::unique_ptr<btf, decltype(&btf__free)> types(btf__load_vmlinux_btf(), &btf__free);
  if (!types) return failure(operation, errno, "it has no type information (/sys/kernel/btf/vmlinux)");
  const int id = btf__find_by_name_kind(types.get(), "sk_rst_reason", BTF_KIND_ENUM);
  if (id < 0) return failure(operation, 0, "it has none: they came with Linux 6.10");
  const btf_type* type = btf__type_by_id(types.get(), static_cast<std::uint32_t>(id));
  KernelReasons reasons;
  for (std::uint32_t at = 0; at < btf_vlen(type); ++at) {
    const struct btf_enum& each = btf_enum(type)[at];
    std::string_view name = btf__name_by_offset(types.get(), each.name_off);
    if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
    if (name != kEnd) reasons.emplace(static_cast<std::uint32_t>(each.val), name);
  }
  return reasons;
}

}  // namespace lastbyte::kernel
