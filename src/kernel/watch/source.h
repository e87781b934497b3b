// Where events of connections come from: the best way that this kernel and the rights of this process allow.
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

/// Best first.
enum class Level : std::uint8_t {
  typed,     ///< programs at typed tracepoints
  raw,       ///< the same programs at raw tracepoints
  tracefs,   ///< the kernel's own text of the tracepoints
  counters,  ///< the counters of /proc/net, once a second
};
inline constexpr std::uint8_t kLevels = 4;
/// "tp_btf", "raw_tp", "tracefs", "counters".
std::string_view level_word(Level level);
std::optional<Level> parse_level(std::string_view word);
/// What it cannot tell, as a sentence; empty: nothing.
std::string_view blind_spots(Level level);
/// Bits 1 << EventKind of what it can report; 0 for counters, which know of no connection.
std::uint32_t kinds_of(Level level);

struct SourceSettings {
  std::uint32_t kinds = 3;  ///< bits 1 << EventKind
  /// The descriptor of the only network namespace of interest. -1: of programs all, of counters the caller's. The text
  /// of tracefs does not tell namespaces apart.
  int network = -1;
  std::uint32_t ring_bytes = 1U << 20U;     ///< of programs, a power of two
  std::chrono::milliseconds period{1'000};  ///< of counters
  bool owners = true;                       ///< of programs: which process owns a socket
};

/// One thread.
class EventSource {
 public:
  struct Sink {
    std::function<void(const TcpEvent&)> event;
    std::function<void(const Counters&)> counted;  ///< what was added in a period; the level `counters` alone
  };

  virtual ~EventSource() = default;
  /// Readable (poll) when take() has something to hand over.
  [[nodiscard]] virtual int fd() const = 0;
  virtual Result<void> take(const Sink& sink) = 0;
  /// Events that were dropped because nobody took them in time, since the start.
  [[nodiscard]] virtual std::uint64_t lost() const = 0;
};

struct OpenedSource {
  std::unique_ptr<EventSource> source;
  Level level = Level::typed;
  std::vector<std::string> refused;  ///< why better levels did not load, a line each
};

/// The best level that loads, or `only` that one. The error has the reason of each level that was tried.
Result<OpenedSource> open_source(const SourceSettings& settings, std::optional<Level> only = std::nullopt);

// Its parts.

Result<std::unique_ptr<EventSource>> open_programs(Level level, const SourceSettings& settings);
Result<std::unique_ptr<EventSource>> open_tracefs(const SourceSettings& settings);
Result<std::unique_ptr<EventSource>> open_counters(const SourceSettings& settings);

}  // namespace lastbyte::kernel
