// Our programs at TCP's tracepoints, and what they tell.
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
  typed,  ///< as tp_btf: all is known
  raw,    ///< as raw_tp: cookies only where somebody has asked for one before, and no owner learnt from use
};

struct TracerSettings {
  std::uint32_t kinds = 3;               ///< bits 1 << EventKind
  std::uint32_t network = 0;             ///< the inode of the only namespace of interest; 0: all
  std::uint32_t ring_bytes = 1U << 20U;  ///< a power of two, and at least a page
  bool owners = true;                    ///< which process owns a socket; costs a program at each send() and recv()
};

/// Loaded and attached for as long as it lives. One thread.
class Tracer {
 public:
  /// Needs CAP_BPF and CAP_PERFMON. Afterwards it needs no right: the process may drop them.
  static Result<std::unique_ptr<Tracer>> open(Attach attach, const TracerSettings& settings);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Readable (epoll, poll) when events wait.
  [[nodiscard]] int fd() const;
  /// Hands over the events that wait, in the order of each CPU.
  Result<void> take(const std::function<void(const TcpEvent&)>& sink);
  /// Events that found no room in the ring, since the start.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct Loaded;
  explicit Tracer(std::unique_ptr<Loaded> loaded);

  std::unique_ptr<Loaded> loaded_;
};

}  // namespace lastbyte::kernel
