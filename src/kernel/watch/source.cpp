#include "kernel/watch/source.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kernel/bpf/tracer.h"
#include "kernel/proc/owner.h"

namespace lastbyte::kernel {
namespace {

constexpr std::array kAllLevels{Level::typed, Level::raw, Level::tracefs, Level::counters};

class Programs final : public EventSource {
 public:
  explicit Programs(std::unique_ptr<Tracer> tracer) : tracer_(std::move(tracer)) {}

  [[nodiscard]] int fd() const override { return tracer_->fd(); }
  Result<void> take(const Sink& sink) override { return tracer_->take(sink.event); }
  [[nodiscard]] std::uint64_t lost() const override { return tracer_->lost(); }

 private:
  std::unique_ptr<Tracer> tracer_;
};

Result<std::unique_ptr<EventSource>> open_level(Level level, const SourceSettings& settings) {
  switch (level) {
    case Level::typed:
    case Level::raw: return open_programs(level, settings);
    case Level::tracefs: return open_tracefs(settings);
    case Level::counters: return open_counters(settings);
  }
  return failure("open a source of events", 0);
}

}  // namespace

std::string_view level_word(Level level) {
  switch (level) {
    case Level::typed: return "tp_btf";
    case Level::raw: return "raw_tp";
    case Level::tracefs: return "tracefs";
    case Level::counters: return "counters";
  }
  return {};
}

std::optional<Level> parse_level(std::string_view word) {
  const auto* const found = std::ranges::find(kAllLevels, word, level_word);
  if (found == kAllLevels.end()) return std::nullopt;
  return *found;
}

std::string_view blind_spots(Level level) {
  switch (level) {
    case Level::typed: return "";
    case Level::raw:
      return "It cannot report the cookie of a socket unless somebody asked for it before. It reports the listener's "
             "process as the owner of an accepted connection.";
    case Level::tracefs:
      return "It cannot report the process, the network namespace, the age, or unread and unsent bytes. It cannot "
             "report retransmission timeouts, reused ports, or the peer of a reset that a listening socket sends. It "
             "reports a connection that is reset in FIN_WAIT2 as one in TIME_WAIT.";
    case Level::counters:
      return "It cannot report connections, processes or addresses: it only counts, in one network namespace.";
  }
  return {};
}

std::uint32_t kinds_of(Level level) {
  const auto bit = [](EventKind kind) { return 1U << static_cast<unsigned>(kind); };
  switch (level) {
    case Level::typed:
    case Level::raw: return (1U << kEventKinds) - 1;
    case Level::tracefs:
      return bit(EventKind::reset_sent) | bit(EventKind::reset_received) | bit(EventKind::closed) |
             bit(EventKind::time_wait);
    case Level::counters: return 0;
  }
  return 0;
}

Result<std::unique_ptr<EventSource>> open_programs(Level level, const SourceSettings& settings) {
  const Attach attach = level == Level::raw ? Attach::raw : Attach::typed;
  auto tracer = Tracer::open(attach, {.kinds = settings.kinds,
                                      .network = settings.network < 0 ? 0 : network_inode(settings.network),
                                      .ring_bytes = settings.ring_bytes,
                                      .owners = settings.owners});
  if (!tracer) return Failure(tracer.error());
  return std::make_unique<Programs>(std::move(*tracer));
}

Result<OpenedSource> open_source(const SourceSettings& settings, std::optional<Level> only) {
  OpenedSource opened;
  for (const Level level : kAllLevels) {
    if (only && *only != level) continue;
    auto source = open_level(level, settings);
    if (source) {
      opened.source = std::move(*source);
      opened.level = level;
      return opened;
    }
    opened.refused.push_back(std::string(level_word(level)) + ": " + source.error().text());
  }
  std::string reasons;
  for (const std::string& each : opened.refused) reasons += (reasons.empty() ? "" : "; ") + each;
  return failure("watch connections end", 0, reasons);
}

}  // namespace lastbyte::kernel
