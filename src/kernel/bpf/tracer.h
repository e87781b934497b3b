// Attaches BPF programs to TCP's tracepoints and returns their events.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "kernel/reset/event.h"
#include "kernel/reset/reasons.h"

namespace lastbyte::kernel {

/// How the programs are attached.
enum class Attach : std::uint8_t {
  typed,  ///< as tp_btf: reports everything
  raw,    ///< as raw_tp: reports only cookies that somebody asked for before; learns no owner from send() and recv()
};

struct TracerSettings {
  std::uint32_t kinds = 3;               ///< bits 1 << EventKind
  std::uint32_t network = 0;             ///< the inode of the only network namespace to report; 0: all
  std::uint32_t ring_bytes = 1U << 20U;  ///< a power of two, and at least a page
  bool owners = true;  ///< find the process that owns a socket; this runs a program at each send() and recv()
};

/// The programs stay loaded and attached while this object lives. For one thread.
class Tracer {
 public:
  /// Needs CAP_BPF and CAP_PERFMON. Afterwards the process may drop them.
  static Result<std::unique_ptr<Tracer>> open(Attach attach, const TracerSettings& settings);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Readable (epoll, poll) while events wait.
  [[nodiscard]] int fd() const;
  /// Passes the waiting events to `sink`, in order for each CPU.
  Result<void> take(const std::function<void(const TcpEvent&)>& sink);
  /// Number of events dropped because the ring was full, since the start.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct Loaded;
  explicit Tracer(std::unique_ptr<Loaded> loaded);

  std::unique_ptr<Loaded> loaded_;
};

}  // namespace lastbyte::kernel
