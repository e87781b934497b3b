#include "kernel/bpf/tracer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <tracer.skel.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "kernel/bpf/event.h"
#include "kernel/bpf/sockets.h"
#include "kernel/bpf/support.h"

namespace lastbyte::kernel {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint8_t kListening = 10;

std::string comm_of(const char (&comm)[16]) { return {comm, strnlen(comm, sizeof comm)}; }

EventKind kind_of(std::uint8_t kind) {
  static_assert(static_cast<int>(EventKind::reset_sent) == LB_RESET_SENT &&
                static_cast<int>(EventKind::reset_received) == LB_RESET_RECEIVED &&
                static_cast<int>(EventKind::closed) == LB_CLOSED &&
                static_cast<int>(EventKind::timed_out) == LB_TIMED_OUT &&
                static_cast<int>(EventKind::time_wait) == LB_TIME_WAIT &&
                static_cast<int>(EventKind::port_reused) == LB_PORT_REUSED &&
                static_cast<int>(EventKind::state_changed) == LB_STATE);
  return static_cast<EventKind>(kind);
}

TcpEvent from_kernel(const lb_event& raw, const KernelReasons& reasons) {
  TcpEvent event;
  event.kind = kind_of(raw.kind);
  event.time = TimePoint(nanoseconds(raw.time_ns));  // bpf_ktime_get_ns() is CLOCK_MONOTONIC
  event.local = address_of(raw.family, raw.local, raw.local_port);
  event.remote = address_of(raw.family, raw.remote, raw.remote_port);
  event.network = raw.network;
  event.cookie = raw.cookie;
  event.state = raw.state;
  if (raw.born_ns != 0) {
    event.age = nanoseconds(raw.time_ns - raw.born_ns);
    event.age_at_least = (raw.flags & LB_BORN) == 0;
  }
  if ((raw.flags & LB_COUNTED) != 0) event.queued = QueuedBytes{raw.unread, raw.unacknowledged, raw.unsent};
  event.owner = {raw.pid, comm_of(raw.comm)};
  event.owner_listens = (raw.flags & LB_OWNER_LISTENS) != 0;
  if (event.kind == EventKind::timed_out) event.timeouts = raw.reason;
  if (event.kind == EventKind::state_changed) event.new_state = static_cast<std::uint8_t>(raw.reason);
  if (event.kind != EventKind::reset_sent) return event;
  if (const auto found = reasons.find(raw.reason); found != reasons.end()) event.reason = found->second;
  const ResetReason* reason = find_reset_reason(event.reason);
  // A timer's reset runs in the process that it interrupts, so that process is no caller.
  if ((raw.flags & LB_IN_CALL) != 0 && reason != nullptr && reason->trigger == ResetTrigger::call)
    event.caller = {raw.caller_pid, comm_of(raw.caller_comm)};
  if (event.owner.pid == 0 || event.owner_listens) {
    if (event.caller.pid != 0) {
      event.owner = event.caller;
      event.owner_listens = false;
    }
  }
  return event;
}

}  // namespace

struct Tracer::Loaded {
  std::unique_ptr<::tracer, decltype(&tracer__destroy)> programs{nullptr, &tracer__destroy};
  std::unique_ptr<ring_buffer, decltype(&ring_buffer__free)> ring{nullptr, &ring_buffer__free};
  KernelReasons reasons;
  const std::function<void(const TcpEvent&)>* sink = nullptr;  // set while take() runs
};

namespace {

/// Loads only the programs that this level uses.
void choose(::tracer& programs, Attach attach, bool owners) {
  const bool typed = attach == Attach::typed;
  for (bpf_program* each : {programs.progs.typed_send_reset, programs.progs.typed_receive_reset,
                            programs.progs.typed_state, programs.progs.typed_retransmit})
    bpf_program__set_autoload(each, typed);
  for (bpf_program* each : {programs.progs.raw_send_reset, programs.progs.raw_receive_reset, programs.progs.raw_state,
                            programs.progs.raw_retransmit})
    bpf_program__set_autoload(each, !typed);
  // These tracepoints exist since Linux 6.3. Without them, the listener's process counts as the owner of an accepted
  // connection.
  bpf_program__set_autoload(programs.progs.typed_send, typed && owners && has_tracepoint("sock_send_length"));
  bpf_program__set_autoload(programs.progs.typed_receive, typed && owners && has_tracepoint("sock_recv_length"));
}

/// Enters the sockets that existed before: their owner, and the time since when the tracer knows them.
void tell_of_older_sockets(::tracer& programs) {
  const auto sockets = list_sockets();
  if (!sockets) return;  // their owner stays unknown
  const auto now = static_cast<std::uint64_t>(Clock::now().time_since_epoch() / nanoseconds(1));
  const int known = bpf_map__fd(programs.maps.known);
  const int listeners = bpf_map__fd(programs.maps.listeners);
  for (const ProcessSocket& socket : *sockets) {
    lb_known entry{};
    entry.born_ns = now;
    entry.pid = socket.process.pid;
    socket.process.comm.copy(entry.comm, sizeof entry.comm - 1);
    bpf_map_update_elem(known, &socket.cookie, &entry, BPF_NOEXIST);
    if (socket.state != kListening) continue;
    lb_listener key{};
    key.network = socket.network;
    key.port = socket.local.port();
    bpf_map_update_elem(listeners, &key, &entry, BPF_NOEXIST);
  }
}

}  // namespace

Tracer::Tracer(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
Tracer::~Tracer() = default;

Result<std::unique_ptr<Tracer>> Tracer::open(Attach attach, const TracerSettings& settings) {
  const std::string operation = std::string("load the programs for ") +
                                (attach == Attach::typed ? "typed tracepoints (tp_btf)" : "raw tracepoints (raw_tp)");
  auto loaded = std::make_unique<Loaded>();
  {
    const BpfComplaints complaints;
    const auto failed = [&](int code) {
      const std::string advice = load_advice(code);
      return failure(operation, code, advice.empty() ? complaints.last() : advice);
    };
    loaded->programs.reset(tracer__open());
    if (!loaded->programs) return failed(errno);
    ::tracer& programs = *loaded->programs;
    choose(programs, attach, settings.owners);
    programs.rodata->wanted = settings.kinds;
    programs.rodata->only_network = settings.network;
    bpf_map__set_max_entries(programs.maps.events, settings.ring_bytes);
    if (const int error = tracer__load(&programs); error != 0) return failed(-error);
    if (attach == Attach::typed && settings.owners) tell_of_older_sockets(programs);
    if (const int error = tracer__attach(&programs); error != 0) return failed(-error);
  }
  if (auto reasons = running_kernel_reasons()) loaded->reasons = std::move(*reasons);
  const auto each = [](void* context, void* data, std::size_t size) -> int {
    auto& self = *static_cast<Loaded*>(context);
    lb_event raw{};
    if (size < sizeof raw) return 0;
    std::memcpy(&raw, data, sizeof raw);
    (*self.sink)(from_kernel(raw, self.reasons));
    return 0;
  };
  loaded->ring.reset(ring_buffer__new(bpf_map__fd(loaded->programs->maps.events), each, loaded.get(), nullptr));
  if (!loaded->ring) return failure_from_errno(operation);
  return std::unique_ptr<Tracer>(new Tracer(std::move(loaded)));
}

int Tracer::fd() const { return ring_buffer__epoll_fd(loaded_->ring.get()); }

Result<void> Tracer::take(const std::function<void(const TcpEvent&)>& sink) {
  loaded_->sink = &sink;
  const int taken = ring_buffer__consume(loaded_->ring.get());
  loaded_->sink = nullptr;
  if (taken < 0) return failure("read the ring of events", -taken);
  return {};
}

std::uint64_t Tracer::lost() const { return __atomic_load_n(&loaded_->programs->bss->lost, __ATOMIC_RELAXED); }

}  // namespace lastbyte::kernel
