#include "kernel/bpf/support.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>

namespace lastbyte::kernel {
namespace {

/// Recursive: loading one thing may load another.
std::recursive_mutex loading;
std::mutex complaints_mutex;
std::string last_complaint;  // libbpf's callback takes no argument of ours

int keep(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  std::array<char, 512> line;
  const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string text(line.data(), std::min(static_cast<std::size_t>(std::max(length, 0)), line.size() - 1));
  text.resize(std::min(text.find('\n'), text.size()));
  // Skips the verifier's log of a whole program ("BEGIN PROG LOAD LOG"): the line before it says what failed.
  if (text.find("PROG LOAD LOG") != std::string::npos) return 0;
  const std::lock_guard lock(complaints_mutex);
  last_complaint = text.starts_with("libbpf: ") ? text.substr(8) : text;
  return 0;
}

}  // namespace

BpfComplaints::BpfComplaints() {
  loading.lock();
  const std::lock_guard lock(complaints_mutex);
  last_complaint.clear();
  libbpf_set_print(keep);
}

BpfComplaints::~BpfComplaints() {
  libbpf_set_print(nullptr);
  loading.unlock();
}

std::string BpfComplaints::last() const {
  const std::lock_guard lock(complaints_mutex);
  return last_complaint;
}

std::string load_advice(int code) {
  switch (code) {
    case EPERM:
    case EACCES: return "it needs CAP_BPF and CAP_PERFMON, and a seccomp profile that allows bpf(2)";
    case ENOSYS: return "this kernel has no bpf(2)";
    case ENOENT:
    case ESRCH: return "this kernel lacks the tracepoint or its type information";
    default: return "";
  }
}

bool has_tracepoint(const std::string& name) {
  const std::unique_ptr<btf, decltype(&btf__free)> types(btf__load_vmlinux_btf(), &btf__free);
  return types && btf__find_by_name_kind(types.get(), ("btf_trace_" + name).c_str(), BTF_KIND_TYPEDEF) > 0;
}

net::Address address_of(unsigned family, const unsigned char* bytes, std::uint16_t port) {
  if (family == AF_INET6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, bytes, sizeof v6.sin6_addr);
    return net::Address(v6);
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  std::memcpy(&v4.sin_addr, bytes, sizeof v4.sin_addr);
  return net::Address(v4);
}

}  // namespace lastbyte::kernel
