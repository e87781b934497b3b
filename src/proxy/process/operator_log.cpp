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

constexpr const char* kStandardError = "standard error";
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
    if (auto target = observe::LogTarget::share(fd, kStandardError)) standard_error_.emplace(std::move(*target));
  }
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start();
  void obey(Order order);
  bool tell(LogLevel level, observe::Statement statement);
  [[nodiscard]] bool tells(LogLevel level) const { return level <= least.load(std::memory_order_relaxed); }

  std::atomic<LogLevel> least{LogLevel::info};
  void tell_from_worker(std::string message) noexcept;
  void tell_dropped();

 private:
  using Message = observe::Message;
  bool put(std::unique_ptr<Message>& line);
  bool put_or_wait(std::unique_ptr<Message> line);
  void run();
  void write(const Message& message);
  bool try_to_write(const Message& message);
  int write(const Message& message, observe::LogTarget& target);
  bool wait_writable(const observe::LogTarget& target, bool begun);
  void carry_out_orders();
  void open_anew();

  std::optional<observe::LogTarget> standard_error_;
  std::string where_ = kStandardError;  ///< where lines go; the control thread's
  observe::LogOrders<config::LogFormat> orders_;
  // For the thread that writes:
  std::optional<observe::LogTarget> other_;  ///< the target of log.messages; nullopt: standard error
  config::LogFormat format_ = config::LogFormat::text;
  std::optional<observe::Sleeper> sleeper_;  ///< nullopt: not started
  std::thread thread_;
  boost::lockfree::queue<Message*, boost::lockfree::capacity<kQueue>> queue_;
  std::atomic<bool> stopping_{false};
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
  if (!tells(level)) return false;
  auto line =
      std::make_unique<Message>(Message{std::chrono::system_clock::now(), severity(level), std::move(statement)});
  if (sleeper_) return put_or_wait(std::move(line));
  write(*line);
  return true;
}

void OperatorLog::Impl::tell_from_worker(std::string message) noexcept {
  if (!tells(LogLevel::warning)) return;
  if (!rate_.allows(Clock::now())) {
    beyond_rate_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  std::unique_ptr<Message> line(new (std::nothrow) Message{
      std::chrono::system_clock::now(), observe::Severity::warning, {.text = std::move(message)}});
  if (!line || !put(line)) without_room_.fetch_add(1, std::memory_order_relaxed);
}

void OperatorLog::Impl::obey(Order order) {
  if (order.moves) where_ = order.target ? order.target->name() : kStandardError;
  orders_.give(std::move(order));
  if (sleeper_) {
    sleeper_->interrupt();
  } else {
    carry_out_orders();
  }
}

void OperatorLog::Impl::carry_out_orders() {
  if (!orders_.any()) return;
  Order order = orders_.take();
  if (order.format) format_ = *order.format;
  if (order.moves) {
    other_ = std::move(order.target);
    stuck_ = false;
  }
  if (order.reopen) open_anew();
}

void OperatorLog::Impl::open_anew() {
  if (!other_ || other_->is_standard_stream()) return;
  if (auto fresh = other_->open_again()) {
    other_ = std::move(*fresh);
  } else {
    write({std::chrono::system_clock::now(),
           observe::Severity::warning,
           {.text = fresh.error().text() + "; the log continues in the old file"}});
  }
}

void OperatorLog::Impl::tell_dropped() {
  const std::uint64_t beyond_rate = beyond_rate_.load();
  const std::uint64_t without_room = without_room_.load();
  const std::uint64_t all = beyond_rate + without_room;
  if (all == told_) return;
  // This line may be dropped as well; it is then counted and reported later.
  if (tell(LogLevel::warning,
           {.text = fmt::format("{} messages were dropped since the start: {} because workers wrote more than "
                                "{} a second, {} because {} was not read",
                                all, beyond_rate, LineRate::kPerSecond, without_room, where_)}))
    told_ = all;
}

void OperatorLog::Impl::run() {
  pthread_setname_np(pthread_self(), "operator-log");
  for (;;) {
    const bool last = stopping_;
    carry_out_orders();
    queue_.consume_all([this](Message* queued) {
      const std::unique_ptr<Message> line(queued);
      if (!enough_memory_for([&] { write(*line); })) without_room_.fetch_add(1, std::memory_order_relaxed);
    });
    if (last) return;
    sleeper_->announce_sleep();
    if (!queue_.empty() || stopping_ || orders_.any()) {
      sleeper_->withdraw();
    } else {
      sleeper_->sleep();
    }
  }
}

void OperatorLog::Impl::write(const Message& message) {
  do carry_out_orders();
  while (!try_to_write(message));
}

/// Returns false if there are orders to carry out first.
bool OperatorLog::Impl::try_to_write(const Message& message) {
  const auto waits = [this](int error) { return error == EAGAIN && orders_.any(); };
  if (sleeper_ && other_) {
    const int error = write(message, *other_);
    if (error == 0 || waits(error)) return error == 0;
  }
  return !standard_error_ || !waits(write(message, *standard_error_));
}

/// Returns 0, or the errno with which the message was lost. EAGAIN: the reader does not read, or there are orders to
/// carry out first.
int OperatorLog::Impl::write(const Message& message, observe::LogTarget& target) {
  const std::string text = framed(message, format_, target);
  for (std::size_t written = 0;;) {
    const auto done = target.write(std::string_view(text).substr(written));
    written += done.bytes;
    if (done.error == 0) stuck_ = false;
    if (done.error != EAGAIN || !wait_writable(target, written > 0)) return done.error;
  }
}

/// Waits until the target is writable. Returns false if the reader does not read, and the line is lost. That happens
/// only at the start and at the end; in between, it waits as long as needed. Also returns false if there are orders,
/// unless a part of the line is written (`begun`): a torn line would spoil the next one.
bool OperatorLog::Impl::wait_writable(const observe::LogTarget& target, bool begun) {
  for (;;) {
    const bool must_end = !sleeper_ || stopping_;
    if (must_end && stuck_) return false;
    std::array<pollfd, 2> wanted{pollfd{.fd = target.fd(), .events = POLLOUT, .revents = 0},
                                 pollfd{.fd = sleeper_ ? sleeper_->fd() : -1, .events = POLLIN, .revents = 0}};
    const int ready = observe::wait_for(wanted, stuck_ ? -1 : static_cast<int>(kPatience.count()));
    if (wanted[0].revents != 0) return true;
    if (wanted[1].revents != 0) sleeper_->clear();
    if (!begun && orders_.any()) return false;
    if (ready == 0) stuck_ = true;
  }
}

OperatorLog::OperatorLog(int fd) : impl_(std::make_unique<Impl>(fd)) {}
OperatorLog::~OperatorLog() = default;
Result<void> OperatorLog::start() { return impl_->start(); }
void OperatorLog::obey(Order order) { impl_->obey(std::move(order)); }
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
