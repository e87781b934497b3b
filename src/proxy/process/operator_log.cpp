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
#include "proxy/process/line_rate.h"

namespace lastbyte::proxy {
namespace {

constexpr std::size_t kQueue = 1024;
constexpr std::chrono::milliseconds kPatience{100};
constexpr std::chrono::milliseconds kLookForRoom{1};

using config::LogLevel;

observe::Severity severity(LogLevel level) {
  switch (level) {
    case LogLevel::error: return observe::Severity::error;
    case LogLevel::warning: return observe::Severity::warning;
    case LogLevel::info: return observe::Severity::info;
    case LogLevel::debug: return observe::Severity::debug;
  }
  return observe::Severity::error;
}

std::string formatted(const observe::Message& message, config::LogFormat format) {
  switch (format) {
    case config::LogFormat::text: return to_text(message);
    case config::LogFormat::json: return to_json(message);
  }
  return to_text(message);
}

/// Formats a message for its destination. If a JSON line is too long for it, the text is cut, not the object.
std::string framed(observe::Message message, config::LogFormat format, const observe::LogTarget& target) {
  observe::Line line{
      .when = message.when, .severity = message.severity, .kind = "message", .text = formatted(message, format)};
  std::string& text = message.statement.text;
  while (format == config::LogFormat::json && !target.has_room_for(line) && !text.empty()) {
    text.resize(text.size() / 2);
    line.text = formatted(message, format);
  }
  std::string out;
  target.append(out, line);
  return out;
}

}  // namespace

class OperatorLog::Impl {
 public:
  explicit Impl(int fd) {
    if (auto target = observe::LogTarget::share(fd, "standard error")) standard_error_.emplace(std::move(*target));
  }
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start();
  Result<void> write_to(const std::string& target, const observe::SyslogOrigin& origin);
  void reopen();
  bool tell(LogLevel level, observe::Statement statement);
  [[nodiscard]] bool tells(LogLevel level) const { return level <= least.load(std::memory_order_relaxed); }

  std::atomic<LogLevel> least{LogLevel::info};
  config::LogFormat format = config::LogFormat::text;
  void tell_from_worker(std::string message) noexcept;
  void tell_dropped();

 private:
  using Message = observe::Message;
  bool put(std::unique_ptr<Message>& line);
  bool put_or_wait(std::unique_ptr<Message> line);
  void run();
  void write(const Message& message);
  int write(const Message& message, observe::LogTarget& target);
  bool wait_writable(const observe::LogTarget& target);
  void open_anew();

  std::optional<observe::LogTarget> standard_error_;
  std::optional<observe::LogTarget> other_;  ///< the target of log.messages; nullopt: standard error
  observe::SyslogOrigin origin_;
  std::optional<observe::Sleeper> sleeper_;  ///< nullopt: not started
  std::thread thread_;
  boost::lockfree::queue<Message*, boost::lockfree::capacity<kQueue>> queue_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> reopen_wanted_{false};
  std::atomic<bool> stuck_{false};  ///< the reader does not read: lines without room are dropped at once
  LineRate rate_;
  std::atomic<std::uint64_t> beyond_rate_{0};
  std::atomic<std::uint64_t> without_room_{0};
  std::uint64_t told_ = 0;  ///< the reported part of both
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
  queue_.consume_all([](Message* line) { delete line; });
}

/// Returns false if there is no room. The caller then still owns the line.
bool OperatorLog::Impl::put(std::unique_ptr<Message>& line) {
  if (!queue_.bounded_push(line.get())) return false;
  (void)line.release();  // the thread that pops it owns it
  sleeper_->wake();
  return true;
}

bool OperatorLog::Impl::put_or_wait(std::unique_ptr<Message> line) {
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

bool OperatorLog::Impl::tell(LogLevel level, observe::Statement statement) {
  if ((!standard_error_ && !other_) || !tells(level)) return false;
  auto line =
      std::make_unique<Message>(Message{std::chrono::system_clock::now(), severity(level), std::move(statement)});
  if (sleeper_) return put_or_wait(std::move(line));
  write(*line);
  return true;
}

void OperatorLog::Impl::tell_from_worker(std::string message) noexcept {
  if ((!standard_error_ && !other_) || !tells(LogLevel::warning)) return;
  if (!rate_.allows(Clock::now())) {
    beyond_rate_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  std::unique_ptr<Message> line(new (std::nothrow) Message{
      std::chrono::system_clock::now(), observe::Severity::warning, {.text = std::move(message)}});
  if (!line || !put(line)) without_room_.fetch_add(1, std::memory_order_relaxed);
}

Result<void> OperatorLog::Impl::write_to(const std::string& target, const observe::SyslogOrigin& origin) {
  if (target == "stderr") return {};
  auto opened = observe::LogTarget::open(target, origin);
  if (!opened) return Failure(opened.error());
  other_.emplace(std::move(*opened));
  origin_ = origin;
  return {};
}

void OperatorLog::Impl::reopen() {
  if (!sleeper_ || !other_) return;
  reopen_wanted_ = true;
  sleeper_->interrupt();
}

void OperatorLog::Impl::open_anew() {
  if (!reopen_wanted_.exchange(false) || other_->is_standard_stream()) return;
  if (auto fresh = observe::LogTarget::open(other_->name(), origin_)) {
    other_ = std::move(*fresh);
  } else {
    write({std::chrono::system_clock::now(),
           observe::Severity::warning,
           {.text = fresh.error().text() + "; the old file is written on"}});
  }
}

void OperatorLog::Impl::tell_dropped() {
  const std::uint64_t beyond_rate = beyond_rate_.load();
  const std::uint64_t without_room = without_room_.load();
  const std::uint64_t all = beyond_rate + without_room;
  if (all == told_) return;
  // This line may be dropped as well; it is then counted and reported later.
  const std::string& where = other_ ? other_->name() : standard_error_->name();
  if (tell(LogLevel::warning,
           {.text = fmt::format("{} messages were dropped since the start: {} because workers wrote more than "
                                "{} a second, {} because {} was not read",
                                all, beyond_rate, LineRate::kPerSecond, without_room, where)}))
    told_ = all;
}

void OperatorLog::Impl::run() {
  pthread_setname_np(pthread_self(), "operator-log");
  for (;;) {
    const bool last = stopping_;
    open_anew();
    queue_.consume_all([this](Message* queued) {
      const std::unique_ptr<Message> line(queued);
      if (!enough_memory_for([&] { write(*line); })) without_room_.fetch_add(1, std::memory_order_relaxed);
    });
    if (last) return;
    sleeper_->announce_sleep();
    if (!queue_.empty() || stopping_ || reopen_wanted_) {
      sleeper_->withdraw();
    } else {
      sleeper_->sleep();
    }
  }
}

void OperatorLog::Impl::write(const Message& message) {
  if (sleeper_ && other_ && write(message, *other_) == 0) return;
  if (standard_error_) (void)write(message, *standard_error_);
}

/// Returns 0, or the errno with which the message was lost. EAGAIN: the reader does not read.
int OperatorLog::Impl::write(const Message& message, observe::LogTarget& target) {
  const std::string text = framed(message, format, target);
  for (std::size_t written = 0;;) {
    const auto done = target.write(std::string_view(text).substr(written));
    written += done.bytes;
    if (done.error == 0) stuck_ = false;
    if (done.error != EAGAIN || !wait_writable(target)) return done.error;
  }
}

/// Waits until the target is writable. Returns false if the reader does not read, and the line is lost. That happens
/// only at the start and at the end; in between, it waits as long as needed.
bool OperatorLog::Impl::wait_writable(const observe::LogTarget& target) {
  for (;;) {
    const bool must_end = !sleeper_ || stopping_;
    if (must_end && stuck_) return false;
    std::array<pollfd, 2> wanted{pollfd{.fd = target.fd(), .events = POLLOUT, .revents = 0},
                                 pollfd{.fd = sleeper_ ? sleeper_->fd() : -1, .events = POLLIN, .revents = 0}};
    const int ready = observe::wait_for(wanted, stuck_ ? -1 : static_cast<int>(kPatience.count()));
    if (wanted[0].revents != 0) return true;
    if (wanted[1].revents != 0) sleeper_->clear();
    if (ready == 0) stuck_ = true;
  }
}

observe::SyslogOrigin syslog_origin(const config::Log& log) {
  return {.facility = log.facility, .application = log.app_name};
}

OperatorLog::OperatorLog(int fd) : impl_(std::make_unique<Impl>(fd)) {}
OperatorLog::~OperatorLog() = default;
Result<void> OperatorLog::start() { return impl_->start(); }
void OperatorLog::set_up(const config::Log& log) {
  impl_->format = log.format;
  impl_->least = log.level;
}
Result<void> OperatorLog::write_to(const config::Log& log) { return impl_->write_to(log.messages, syslog_origin(log)); }
void OperatorLog::reopen() { impl_->reopen(); }
void OperatorLog::set_level(config::LogLevel level) { impl_->least = level; }
config::LogLevel OperatorLog::level() const { return impl_->least; }
void OperatorLog::debug(std::string_view message) { impl_->tell(LogLevel::debug, {.text = std::string(message)}); }
void OperatorLog::info(std::string_view message) { info({.text = std::string(message)}); }
void OperatorLog::warn(std::string_view message) { warn({.text = std::string(message)}); }
void OperatorLog::error(std::string_view message) { error({.text = std::string(message)}); }
void OperatorLog::info(observe::Statement statement) { impl_->tell(LogLevel::info, std::move(statement)); }
void OperatorLog::warn(observe::Statement statement) { impl_->tell(LogLevel::warning, std::move(statement)); }
void OperatorLog::error(observe::Statement statement) { impl_->tell(LogLevel::error, std::move(statement)); }
void OperatorLog::tell_dropped() { impl_->tell_dropped(); }
void OperatorLog::warn_from_worker(std::string message) noexcept { impl_->tell_from_worker(std::move(message)); }

}  // namespace lastbyte::proxy
