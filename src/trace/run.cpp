#include "trace/run.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/descriptor.h"
#include "base/signals.h"
#include "base/text.h"
#include "kernel/proc/owner.h"
#include "net/namespace/enter.h"
#include "trace/filter.h"
#include "trace/print.h"
#include "trace/summary.h"

namespace lastbyte::trace {
namespace {

using std::chrono::milliseconds;

/// How long dropped and suppressed events may stay untold.
constexpr milliseconds kReportEvery{1'000};

void note(const std::string& text) { std::fprintf(stderr, "lastbyte trace: %s\n", text.c_str()); }

class Run {
 public:
  Run(const Options& options, kernel::OpenedSource opened, std::uint32_t network)
      : options_(options), opened_(std::move(opened)), network_(network), rate_(options.rate) {}

  int go(int stop) {
    const auto end = options_.duration ? Clock::now() + *options_.duration : TimePoint::max();
    auto report_at = Clock::now() + kReportEvery;
    while (!done_) {
      const auto now = Clock::now();
      if (now >= end) break;
      if (now >= report_at) {
        report_losses();
        report_at = now + kReportEvery;
      }
      std::array<pollfd, 2> waits{{{opened_.source->fd(), POLLIN, 0}, {stop, POLLIN, 0}}};
      ::poll(waits.data(), waits.size(), wait_ms(now, std::min(end, report_at)));
      if (!take()) return kExitFailed;
      if ((waits[1].revents & POLLIN) != 0) break;
    }
    report_losses();
    if (options_.summary) say(options_.json ? summary_.as_json() + "\n" : summary_.as_text());
    return broken_ ? kExitFailed : kExitOk;
  }

 private:
  static int wait_ms(TimePoint now, TimePoint until) {
    return static_cast<int>(std::chrono::ceil<milliseconds>(until - now).count());
  }

  bool take() {
    const auto taken = opened_.source->take({.event = [this](const kernel::TcpEvent& event) { on_event(event); },
                                             .counted = [this](const kernel::Counters& added) { on_counted(added); }});
    if (!taken) note(taken.error().text());
    std::fflush(stdout);
    return taken.has_value();
  }

  void on_event(const kernel::TcpEvent& event) {
    if (done_ || !passes(options_.filter, network_, event)) return;
    ++told_;
    if (options_.events && told_ >= *options_.events) done_ = true;
    if (options_.summary) {
      summary_.add(event);
      return;
    }
    if (!rate_.allows(event.time)) return;
    const Named named{.event = event,
                      .wall = wall_of(event.time),
                      .network = networks_.name(event.network),
                      .unit = kernel::unit_of(event.owner.pid)};
    say((options_.json ? as_json(named) : as_text(named)) + "\n");
  }

  void on_counted(const kernel::Counters& added) {
    const std::string line = options_.json ? counted_as_json(added) : counted_as_text(added);
    if (!line.empty()) say(line + "\n");
  }

  /// Both clocks were read at the start: a step of the wall clock meanwhile does not disorder the output.
  std::chrono::system_clock::time_point wall_of(TimePoint time) const {
    return wall_ + std::chrono::duration_cast<std::chrono::system_clock::duration>(time - steady_);
  }

  void report_losses() {
    const std::uint64_t lost = opened_.source->lost();
    if (lost != told_lost_)
      report("lost", lost - told_lost_, "overrun: the kernel dropped ", "; --ring makes more room");
    told_lost_ = lost;
    if (const auto refused = rate_.take_refused(); refused > 0)
      report("suppressed", refused, "rate limit: not printed: ", "; --rate sets the limit");
  }

  void report(const char* word, std::uint64_t count, const char* begin, const char* end) {
    if (options_.json) {
      say(std::string(R"({"event":")") + word + R"(","count":)" + std::to_string(count) + "}\n");
    } else {
      note(begin + counted(count, "event") + end);
    }
  }

  void say(const std::string& text) {
    if (broken_) return;
    broken_ = std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0;
    done_ = done_ || broken_;
  }

  const Options& options_;
  kernel::OpenedSource opened_;
  std::uint32_t network_;
  RateLimit rate_;
  Summary summary_;
  kernel::NetworkNames networks_;
  TimePoint steady_ = Clock::now();
  std::chrono::system_clock::time_point wall_ = std::chrono::system_clock::now();
  std::uint64_t told_ = 0;
  std::uint64_t told_lost_ = 0;
  bool done_ = false;
  bool broken_ = false;
};

Descriptor stop_signals() {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGINT);
  sigaddset(&stops, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return Descriptor(::signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK));
}

void tell_level(const kernel::OpenedSource& opened, const Options& options) {
  for (const std::string& each : opened.refused) note("not available: " + each);
  std::string text = "level " + std::string(kernel::level_word(opened.level)) + ".";
  if (const auto blind = kernel::blind_spots(opened.level); !blind.empty()) text += " " + std::string(blind);
  note(text);
  if (opened.level == kernel::Level::counters && options.summary) note("a summary needs a level that sees connections");
}

/// What the level cannot do although it was asked for.
std::string impossible(const Options& options, kernel::Level level) {
  if ((options.kinds & ~kernel::kinds_of(level) & ~3U) != 0)
    return "the level " + std::string(kernel::level_word(level)) + " reports no " +
           (level == kernel::Level::counters ? "closes, timeouts or TIME_WAIT" : "timeouts and reused ports");
  const bool blind = level == kernel::Level::tracefs || level == kernel::Level::counters;
  if (blind && !options.filter.pids.empty()) return "--pid needs the level tp_btf or raw_tp";
  if (level == kernel::Level::tracefs && !options.namespaces.empty()) return "--netns needs another level than tracefs";
  return {};
}

}  // namespace

int run(const Options& options) {
  const Descriptor stop = stop_signals();
  Descriptor network;
  if (!options.namespaces.empty()) {
    auto opened = net::open_namespace(options.namespaces.front());
    if (!opened) {
      note(opened.error().text());
      return kExitNotHere;
    }
    network = std::move(*opened);
  }
  auto opened = kernel::open_source(
      {.kinds = options.kinds, .network = network.get(), .ring_bytes = options.ring_bytes}, options.level);
  if (!opened) {
    note(opened.error().text());
    return kExitNotHere;
  }
  tell_level(*opened, options);
  if (const std::string wrong = impossible(options, opened->level); !wrong.empty()) {
    note(wrong);
    return kExitNotHere;
  }
  return Run(options, std::move(*opened), network ? kernel::network_inode(network.get()) : 0).go(stop.get());
}

}  // namespace lastbyte::trace
