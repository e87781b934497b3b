#include "trace/run.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/signals.h"
#include "base/text.h"
#include "kernel/proc/owner.h"
#include "net/namespace/enter.h"
#include "trace/filter.h"
#include "trace/instances.h"
#include "trace/join.h"
#include "trace/print.h"
#include "trace/summary.h"

namespace lastbyte::trace {
namespace {

using std::chrono::milliseconds;

void note(const std::string& text) { std::fprintf(stderr, "lastbyte trace: %s\n", text.c_str()); }

/// How long a reset waits for its session: an instance reports a session's end a moment after the kernel's reset. If
/// the session has a slow reader, the reset is printed without it.
constexpr milliseconds kPatience{1'000};
/// The time between two searches for instances, and two reports of losses.
constexpr milliseconds kPeriod{1'000};
/// The inode of the first PID namespace (include/linux/proc_ns.h). The kernel reports pids of this namespace.
constexpr std::uint64_t kHostPids = 0xEFFFFFFCU;

bool has_host_pids() {
  struct stat own{};
  return ::stat("/proc/self/ns/pid", &own) == 0 && own.st_ino == kHostPids;
}

class Run {
 public:
  Run(const Options& options, kernel::OpenedSource opened, std::uint32_t network)
      : options_(options),
        opened_(std::move(opened)),
        network_(network),
        rate_(options.rate),
        knows_processes_(opened_.level != kernel::Level::tracefs && has_host_pids()) {}

  Result<void> begin() {
    if (options_.summary) return {};
    return instances_.begin(options_.sockets);
  }

  int go(int stop) {
    const auto end = options_.duration ? Clock::now() + *options_.duration : TimePoint::max();
    auto look_at = Clock::now() + kPeriod;
    bool stopped = false;
    while (!stopped && !broken_) {
      const auto now = Clock::now();
      if (now >= end) done_ = true;
      joiner_.pass_time(now, tell_);
      if (done_ && joiner_.wakes_at() == TimePoint::max()) break;
      if (now >= look_at) {
        report_losses();
        if (!options_.summary) instances_.look();
        look_at = now + kPeriod;
      }
      const auto until = std::min({done_ ? TimePoint::max() : end, look_at, joiner_.wakes_at()});
      std::vector<pollfd> waits{{opened_.source->fd(), POLLIN, 0}, {stop, POLLIN, 0}};
      instances_.add_waits(waits);
      ::poll(waits.data(), waits.size(), wait_ms(now, until));
      instances_.take();
      if (!take()) return kExitFailed;
      stopped = (waits[1].revents & POLLIN) != 0;
    }
    joiner_.flush(tell_);
    report_losses();
    if (options_.summary) say(options_.json ? summary_.as_json() + "\n" : summary_.as_text());
    return broken_ ? kExitFailed : kExitOk;
  }

 private:
  static int wait_ms(TimePoint now, TimePoint until) {
    return std::max(0, static_cast<int>(std::chrono::ceil<milliseconds>(until - now).count()));
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
    if (knows_processes_ && is_reset(event.kind)) instances_.mention(event.owner);
    joiner_.add(event, may_be_joined(event), tell_);
  }

  /// Whether the reset may belong to a session. Without known processes, each reset may.
  [[nodiscard]] bool may_be_joined(const kernel::TcpEvent& event) const {
    if (instances_.none() || !is_reset(event.kind)) return false;
    const bool known = knows_processes_ && (event.owner.pid != 0 || event.state == 0);
    return !known || instances_.follows(event.owner.pid);
  }

  void tell(const Joiner::Told& told) {
    const Named named{.event = told.event,
                      .wall = wall_of(told.event.time),
                      .network = networks_.name(told.event.network),
                      .unit = kernel::unit_of(told.event.owner.pid),
                      .session = told.side,
                      .again = told.again};
    say((options_.json ? as_json(named) : as_text(named)) + "\n");
  }

  void on_counted(const kernel::Counters& added) {
    const std::string line = options_.json ? counted_as_json(added) : counted_as_text(added);
    if (!line.empty()) say(line + "\n");
  }

  /// Both clocks were read at the start, so a step of the wall clock does not disorder the output.
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
  bool knows_processes_;
  bool done_ = false;
  bool broken_ = false;
  Joiner joiner_{kPatience, knows_processes_};
  Joiner::Tell tell_ = [this](const Joiner::Told& told) { tell(told); };
  Instances instances_{{.side = [this](EndedSide side) { joiner_.add(std::move(side), tell_); }, .note = note}};
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

void tell_level(kernel::Level level, const std::vector<std::string>& refused) {
  for (const std::string& each : refused) note("not available: " + each);
  std::string text = "level " + std::string(kernel::level_word(level)) + ".";
  if (const auto blind = kernel::blind_spots(level); !blind.empty()) text += " " + std::string(blind);
  note(text);
}

/// Names what the options ask for and the level cannot do.
std::string impossible(const Options& options, kernel::Level level) {
  if ((options.kinds & ~kernel::kinds_of(level) & ~3U) != 0)
    return "the level " + std::string(kernel::level_word(level)) + " reports no " +
           (level == kernel::Level::counters ? "closes, timeouts or TIME_WAIT" : "timeouts and reused ports");
  const bool blind = level == kernel::Level::tracefs || level == kernel::Level::counters;
  if (blind && !options.filter.pids.empty()) return "--pid needs the level tp_btf or raw_tp";
  if (level == kernel::Level::tracefs && !options.namespaces.empty()) return "--netns needs another level than tracefs";
  const Filter& filter = options.filter;
  for (const auto& [asked, flag] :
       {std::pair(options.summary, "--summary"), std::pair(!filter.networks.empty(), "--address"),
        std::pair(!filter.ports.empty(), "--port"), std::pair(!filter.reasons.empty(), "--reason")})
    if (asked && level == kernel::Level::counters)
      return std::string(flag) + " needs a level that sees connections: tp_btf, raw_tp or tracefs";
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
  const kernel::Level level = opened->level;
  const std::vector<std::string> refused = opened->refused;
  if (const std::string wrong = impossible(options, level); !wrong.empty()) {
    note(wrong);
    return kExitNotHere;
  }
  Run run(options, std::move(*opened), network ? kernel::network_inode(network.get()) : 0);
  if (const auto begun = run.begin(); !begun) {
    note(begun.error().text());
    return kExitNotHere;
  }
  tell_level(level, refused);
  return run.go(stop.get());
}

}  // namespace lastbyte::trace
