#include "kernel/timewait/timewaits.h"

#include <bpf/bpf.h>
#include <timewaits.skel.h>

#include <cerrno>
#include <memory>

#include "base/descriptor.h"
#include "kernel/bpf/iterate.h"
#include "kernel/bpf/support.h"
#include "kernel/timewait/timewait.h"

namespace lastbyte::kernel {

Result<std::vector<TimeWait>> list_time_waits() {
  const std::string operation = "list the sockets in TIME_WAIT (BPF, iter/tcp)";
  const BpfComplaints complaints;
  const std::unique_ptr<::timewaits, decltype(&timewaits__destroy)> loaded(timewaits__open_and_load(),
                                                                           &timewaits__destroy);
  if (!loaded) {
    const int code = errno;
    return failure(operation, code, load_advice(code));
  }
  const std::unique_ptr<bpf_link, decltype(&bpf_link__destroy)> link(
      bpf_program__attach_iter(loaded->progs.each_time_wait, nullptr), &bpf_link__destroy);
  if (!link) return failure_from_errno(operation);
  // The iterator walks the namespace of the process that creates it (net/ipv4/tcp_ipv4.c, bpf_iter_init_tcp).
  const Descriptor iterator(bpf_iter_create(bpf_link__fd(link.get())));
  if (!iterator) return failure_from_errno(operation);
  std::vector<TimeWait> all;
  auto read = read_records<lb_time_wait>(iterator.get(), operation, [&](const lb_time_wait& raw) {
    all.push_back({.local = address_of(raw.family, raw.local, raw.local_port),
                   .remote = address_of(raw.family, raw.remote, raw.remote_port),
                   .recent = raw.recent,
                   .recent_stamp = raw.recent_stamp});
  });
  if (!read) return Failure(read.error());
  return all;
}

}  // namespace lastbyte::kernel
