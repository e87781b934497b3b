// Sources of connection events. open_source() opens the best one that this kernel and this process's rights allow.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/proc/counters.h"
#include "kernel/reset/event.h"

namespace lastbyte::kernel {

/// The sources, best first.
enum class Level : std::uint8_t {
  typed,     ///< BPF programs at typed tracepoints
  raw,       ///< the same programs at raw tracepoints
  tracefs,   ///< the kernel's text of the tracepoints
  counters,  ///< the counters of /proc/net, once a second
};
inline constexpr std::uint8_t kLevels = 4;
/// "tp_btf", "raw_tp", "tracefs", "counters".
std::string_view level_word(Level level);
std::optional<Level> parse_level(std::string_view word);
/// Names in sentences what this level cannot report; empty: it reports everything.
std::string_view blind_spots(Level level);
/// The kinds of events that the level can report: bits 1 << EventKind. 0 for counters, which know no connections.
std::uint32_t kinds_of(Level level);

struct SourceSettings {
  std::uint32_t kinds = 3;  ///< bits 1 << EventKind
  /// The descriptor of the only network namespace to watch. -1: programs watch all namespaces, counters the caller's.
  /// tracefs cannot tell namespaces apart.
  int network = -1;
  std::uint32_t ring_bytes = 1U << 20U;     ///< programs: the ring's size, a power of two
  std::chrono::milliseconds period{1'000};  ///< counters: the time between two readings
  bool owners = true;                       ///< programs: find the process that owns a socket
};

/// For one thread.
class EventSource {
 public:
  struct Sink {
    std::function<void(const TcpEvent&)> event;
    std::function<void(const Counters&)> counted;  ///< the change in one period; only the level `counters` calls this
  };

  virtual ~EventSource() = default;
  /// Readable (poll) while take() has something to pass on.
  [[nodiscard]] virtual int fd() const = 0;
  virtual Result<void> take(const Sink& sink) = 0;
  /// Number of events dropped because take() was not called in time, since the start.
  [[nodiscard]] virtual std::uint64_t lost() const = 0;
};

struct OpenedSource {
  std::unique_ptr<EventSource> source;
  Level level = Level::typed;
  std::vector<std::string> refused;  ///< one line for each better level that did not load: why
};

/// Opens the best level that loads, or exactly `only`. The error names the reason of each level that was tried.
Result<OpenedSource> open_source(const SourceSettings& settings, std::optional<Level> only = std::nullopt);

// The parts of open_source().

Result<std::unique_ptr<EventSource>> open_programs(Level level, const SourceSettings& settings);
Result<std::unique_ptr<EventSource>> open_tracefs(const SourceSettings& settings);
Result<std::unique_ptr<EventSource>> open_counters(const SourceSettings& settings);

}  // namespace lastbyte::kernel
