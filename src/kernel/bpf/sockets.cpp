#include "kernel/bpf/sockets.h"

#include <bpf/bpf.h>
#include <sockets.skel.h>
#include <time.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/descriptor.h"
#include "kernel/bpf/iterate.h"
#include "kernel/bpf/socket.h"
#include "kernel/bpf/support.h"

namespace lastbyte::kernel {
namespace {

ProcessSocket from_kernel(const lb_socket& raw) {
  ProcessSocket made;
  made.process = {raw.pid, std::string(raw.comm, strnlen(raw.comm, sizeof raw.comm))};
  made.descriptor = static_cast<int>(raw.fd);
  made.cookie = raw.cookie;
  made.network = raw.network;
  made.local = address_of(raw.family, raw.local, raw.local_port);
  made.remote = address_of(raw.family, raw.remote, raw.remote_port);
  made.state = raw.state;
  made.non_blocking = raw.non_blocking != 0;
  if (raw.is_listening != 0) {
    made.backlog = {raw.backlog, raw.backlog_limit};
  } else {
    made.queued = QueuedBytes{raw.unread, raw.unacknowledged, raw.unsent};
  }
  made.send_window = raw.send_window;
  if (raw.linger_seconds >= 0) made.linger = std::chrono::seconds(raw.linger_seconds);
  made.linger2 = raw.linger2_seconds;
  made.keepalive = raw.keepalive != 0;
  made.keepalive_time = std::chrono::seconds(raw.keepalive_seconds);
  made.keepalive_interval = std::chrono::seconds(raw.keepalive_interval_seconds);
  made.keepalive_probes = raw.keepalive_probes;
  made.user_timeout = std::chrono::milliseconds(raw.user_timeout_ms);
  made.no_delay = raw.nodelay != 0;
  made.reuse_address = raw.reuse_address != 0;
  made.reuse_port = raw.reuse_port != 0;
  made.receive_buffer = raw.receive_buffer;
  made.send_buffer = raw.send_buffer;
  // SOCK_SNDBUF_LOCK and SOCK_RCVBUF_LOCK of include/uapi/linux/socket.h
  made.send_buffer_set = (raw.buffers_fixed & 1U) != 0;
  made.receive_buffer_set = (raw.buffers_fixed & 2U) != 0;
  return made;
}

/// The kernel's CONFIG_HZ: a coarse clock moves once in a tick (kernel/time/posix-timers.c, posix_get_coarse_res).
std::uint32_t ticks_per_second() {
  constexpr long kSecond = 1'000'000'000;
  timespec tick{};
  if (::clock_getres(CLOCK_MONOTONIC_COARSE, &tick) != 0 || tick.tv_nsec <= 0) return 100;
  return static_cast<std::uint32_t>((kSecond + tick.tv_nsec / 2) / tick.tv_nsec);
}

}  // namespace

Result<std::vector<ProcessSocket>> list_sockets(std::optional<std::uint32_t> pid) {
  const std::string operation = "list the sockets of processes (BPF, iter/task)";
  const BpfComplaints complaints;
  const std::unique_ptr<::sockets, decltype(&sockets__destroy)> loaded(sockets__open(), &sockets__destroy);
  if (!loaded) return failure_from_errno(operation);
  loaded->rodata->ticks_per_second = ticks_per_second();
  if (const int code = -sockets__load(loaded.get()); code != 0) return failure(operation, code, load_advice(code));
  bpf_iter_link_info only{};
  only.task.pid = pid.value_or(0);
  bpf_iter_attach_opts options{};
  options.sz = sizeof options;
  options.link_info = &only;
  options.link_info_len = sizeof only;
  const std::unique_ptr<bpf_link, decltype(&bpf_link__destroy)> link(
      bpf_program__attach_iter(loaded->progs.each_process, pid ? &options : nullptr), &bpf_link__destroy);
  if (!link) {
    const int code = errno;
    return failure(operation, code, pid && code == EINVAL ? "no such process, or a kernel before 6.1" : "");
  }
  // The BPF program raises `most` during the loop.
  std::vector<ProcessSocket> all;
  const volatile std::uint32_t& most = loaded->bss->most;
  for (loaded->bss->first = 0;; loaded->bss->first += kDescriptorsAtOnce) {
    const Descriptor iterator(bpf_iter_create(bpf_link__fd(link.get())));
    if (!iterator) return failure_from_errno(operation);
    const auto read = read_records<lb_socket>(iterator.get(), operation,
                                              [&](const lb_socket& raw) { all.push_back(from_kernel(raw)); });
    if (!read) return Failure(read.error());
    if (most <= loaded->bss->first + kDescriptorsAtOnce) return all;
  }
}

}  // namespace lastbyte::kernel
