#include "kernel/timewait/reuses.h"

#include <bpf/bpf.h>
#include <reuses.skel.h>

#include <cerrno>

#include "kernel/bpf/support.h"
#include "kernel/timewait/reuse.h"

namespace lastbyte::kernel {

struct TimeWaitReuses::Program {
  std::unique_ptr<::reuses, decltype(&reuses__destroy)> loaded{nullptr, &reuses__destroy};
};

TimeWaitReuses::TimeWaitReuses() : program_(std::make_unique<Program>()) {}
TimeWaitReuses::~TimeWaitReuses() = default;

Result<std::unique_ptr<TimeWaitReuses>> TimeWaitReuses::watch() {
  const std::string operation = "trace tcp_twsk_unique() (BPF, fexit)";
  // A kernel that does not let BPF trace its functions says EPERM to root as well.
  const std::string advice = "it needs CAP_BPF, CAP_PERFMON, and a kernel that lets BPF trace its functions";
  const BpfComplaints complaints;
  auto made = std::make_unique<TimeWaitReuses>();
  made->program_->loaded.reset(reuses__open_and_load());
  if (!made->program_->loaded) return failure(operation, errno, advice);
  if (const int code = -reuses__attach(made->program_->loaded.get()); code != 0)
    return failure(operation, code, advice);
  return made;
}

TimeWaitReuses::Answers TimeWaitReuses::in(std::uint32_t network) const {
  lb_reuse found{};
  const int map = bpf_map__fd(program_->loaded->maps.reuses);
  if (bpf_map_lookup_elem(map, &network, &found) != 0) return {};
  return {.allowed = found.allowed, .refused = found.refused};
}

}  // namespace lastbyte::kernel
