#include "proxy/process/operator_log.h"

#include <fmt/format.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <boost/lockfree/queue.hpp>
#include <cerrno>
#include <new>
#include <optional>
#include <system_error>
#include <thread>

#include "base/memory.h"
#include "base/signals.h"
#include "base/time.h"
#include "observe/log/sleeper.h"
#include "observe/log/target.h"
#include "observe/record/moment.h"
#include "proxy/process/line_rate.h"

namespace lastbyte::proxy {
namespace {

constexpr std::size_t kQueue = 1024;
constexpr std::chrono::milliseconds kPatience{100};
constexpr std::chrono::milliseconds kLookForRoom{1};

using config::LogLevel;

std::string_view word(LogLevel level) {
  switch (level) {
    case LogLevel::error: return "error";
    case LogLevel::warning: return "warning";
    case LogLevel::info: return "info";
    case LogLevel::debug: return "debug";
  }
  return "?";
}

struct Line {
  std::chrono::system_clock::time_point when;
  config::LogLevel level;
  std::string message;

  [[nodiscard]] std::string text() const {
    return fmt::format("{} {}: {}\n", observe::moment_text(when), word(level), message);
  }
};

}  // namespace

class OperatorLog::Impl {
 public:
  explicit Impl(int fd) {
    if (auto target = observe::LogTarget::share(fd, "standard error")) target_.emplace(std::move(*target));
  }
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start();
  bool tell(LogLevel level, std::string_view message);
  [[nodiscard]] bool tells(LogLevel level) const { return level <= least.load(std::memory_order_relaxed); }

  std::atomic<LogLevel> least{LogLevel::info};
  void tell_from_worker(std::string message) noexcept;
  void tell_dropped();

 private:
  bool put(std::unique_ptr<Line>& line);
  bool put_or_wait(std::unique_ptr<Line> line);
  void run();
  void write(const Line& line);
  bool wait_writable();

  std::optional<observe::LogTarget> target_;
  std::optional<observe::Sleeper> sleeper_;  ///< nullopt: not started
  std::thread thread_;
  boost::lockfree::queue<Line*, boost::lockfree::capacity<kQueue>> queue_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> stuck_{false};  ///< nobody reads: lines without room are dropped at once
  LineRate rate_;
  std::atomic<std::uint64_t> beyond_rate_{0};
  std::atomic<std::uint64_t> without_room_{0};
  std::uint64_t told_ = 0;  ///< of both
};

Result<void> OperatorLog::Impl::start() {
  auto sleeper = observe::Sleeper::create();
  if (!sleeper) return Failure(sleeper.error());
  sleeper_.emplace(std::move(*sleeper));
  const BlockedSignals blocked;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    sleeper_.reset();
    return failure("start the thread of the operator's log", error.code().value());
  }
  return {};
}

OperatorLog::Impl::~Impl() {
  if (thread_.joinable()) {
    stopping_ = true;
    sleeper_->interrupt();
    thread_.join();
  }
  queue_.consume_all([](Line* line) { delete line; });
}

/// False: there is no room, and the line is still the caller's.
bool OperatorLog::Impl::put(std::unique_ptr<Line>& line) {
  if (!queue_.bounded_push(line.get())) return false;
  (void)line.release();  // the thread that pops it owns it
  sleeper_->wake();
  return true;
}

bool OperatorLog::Impl::put_or_wait(std::unique_ptr<Line> line) {
  for (auto waited = std::chrono::milliseconds(0); !put(line); waited += kLookForRoom) {
    if (waited >= kPatience) stuck_ = true;
    if (stuck_) {
      without_room_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    std::this_thread::sleep_for(kLookForRoom);
  }
  return true;
}

bool OperatorLog::Impl::tell(LogLevel level, std::string_view message) {
  if (!target_ || !tells(level)) return false;
  auto line = std::make_unique<Line>(Line{std::chrono::system_clock::now(), level, std::string(message)});
  if (sleeper_) return put_or_wait(std::move(line));
  write(*line);
  return true;
}

void OperatorLog::Impl::tell_from_worker(std::string message) noexcept {
  if (!target_ || !tells(LogLevel::warning)) return;
  if (!rate_.allows(Clock::now())) {
    beyond_rate_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  std::unique_ptr<Line> line(new (std::nothrow)
                                 Line{std::chrono::system_clock::now(), LogLevel::warning, std::move(message)});
  if (!line || !put(line)) without_room_.fetch_add(1, std::memory_order_relaxed);
}

void OperatorLog::Impl::tell_dropped() {
  const std::uint64_t beyond_rate = beyond_rate_.load();
  const std::uint64_t without_room = without_room_.load();
  const std::uint64_t all = beyond_rate + without_room;
  if (all == told_) return;
  // This line may be dropped as well; it is then counted and reported later.
  if (tell(LogLevel::warning,
           fmt::format("{} of these messages were dropped since the start: {} because workers had more than {} "
                       "a second, {} because standard error was not read",
                       all, beyond_rate, LineRate::kPerSecond, without_room)))
    told_ = all;
}

void OperatorLog::Impl::run() {
  pthread_setname_np(pthread_self(), "operator-log");
  for (;;) {
    const bool last = stopping_;
    queue_.consume_all([this](Line* queued) {
      const std::unique_ptr<Line> line(queued);
      if (!enough_memory_for([&] { write(*line); })) without_room_.fetch_add(1, std::memory_order_relaxed);
    });
    if (last) return;
    sleeper_->announce_sleep();
    if (!queue_.empty() || stopping_) {
      sleeper_->withdraw();
    } else {
      sleeper_->sleep();
    }
  }
}

void OperatorLog::Impl::write(const Line& line) {
  const std::string text = line.text();
  for (std::size_t written = 0;;) {
    const auto done = target_->write(std::string_view(text).substr(written));
    written += done.bytes;
    if (done.error == 0) stuck_ = false;
    if (done.error != EAGAIN || !wait_writable()) return;
  }
}

/// False: nobody reads, and the line is lost, as it may be at the start and at the end. In between it waits.
bool OperatorLog::Impl::wait_writable() {
  for (;;) {
    const bool must_end = !sleeper_ || stopping_;
    if (must_end && stuck_) return false;
    std::array<pollfd, 2> wanted{pollfd{.fd = target_->fd(), .events = POLLOUT, .revents = 0},
                                 pollfd{.fd = sleeper_ ? sleeper_->fd() : -1, .events = POLLIN, .revents = 0}};
    const int ready = observe::wait_for(wanted, stuck_ ? -1 : static_cast<int>(kPatience.count()));
    if (wanted[0].revents != 0) return true;
    if (wanted[1].revents != 0) sleeper_->clear();
    if (ready == 0) stuck_ = true;
  }
}

OperatorLog::OperatorLog(int fd) : impl_(std::make_unique<Impl>(fd)) {}
OperatorLog::~OperatorLog() = default;
Result<void> OperatorLog::start() { return impl_->start(); }
void OperatorLog::set_level(config::LogLevel level) { impl_->least = level; }
config::LogLevel OperatorLog::level() const { return impl_->least; }
void OperatorLog::debug(std::string_view message) { impl_->tell(LogLevel::debug, message); }
void OperatorLog::info(std::string_view message) { impl_->tell(LogLevel::info, message); }
void OperatorLog::warn(std::string_view message) { impl_->tell(LogLevel::warning, message); }
void OperatorLog::error(std::string_view message) { impl_->tell(LogLevel::error, message); }
void OperatorLog::tell_dropped() { impl_->tell_dropped(); }
void OperatorLog::warn_from_worker(std::string message) noexcept { impl_->tell_from_worker(std::move(message)); }

}  // namespace lastbyte::proxy
