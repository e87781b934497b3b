// Theory of operation. One thread takes records from all rings, formats them into a batch of whole lines, writes the
// batch, and naps. While sessions keep ending, a worker's wake() finds the thread awake and costs nothing. The thread
// sleeps until woken only after a nap that brought no records. A target that blocks stops the thread, not the workers:
// their rings fill up, and they count the records that they drop. A target that fails loses the batch; the thread then
// waits before it tries again. The thread carries out orders between two batches, or while a target blocks; it then
// formats the rest of the batch anew.
#include "observe/log/record_log.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <thread>

#include "base/memory.h"
#include "base/signals.h"
#include "base/time.h"
#include "observe/log/sleeper.h"

namespace lastbyte::observe {
namespace {

constexpr std::size_t kBatchBytes = 64 * 1024;
constexpr std::chrono::milliseconds kNap{20};
constexpr std::chrono::milliseconds kStuckAfter{1000};
constexpr std::chrono::milliseconds kShutdown{1000};
constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::seconds kLastRetry{64};
constexpr std::chrono::minutes kTellRefusedEvery{1};

}  // namespace

class RecordLog::Impl {
 public:
  Impl(std::optional<LogTarget> target, Sleeper sleeper, RecordFormatter format, std::function<void(std::string)> warn)
      : target_(std::move(target)), sleeper_(std::move(sleeper)), format_(format), warn_(std::move(warn)) {}

  void start(std::vector<relay::RecordRing*> rings) {
    rings_ = std::move(rings);
    thread_ = std::thread([this] { run(); });
  }

  void stop() {
    stopping_.store(true);
    sleeper_.interrupt();
    if (thread_.joinable()) thread_.join();
  }

  void obey(Order order) {
    orders_.give(std::move(order));
    sleeper_.interrupt();
  }

  void wake() {
    if (sleeper_.wake()) wakeups_.fetch_add(1, std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t lost() const { return lost_.load(); }
  [[nodiscard]] std::uint64_t wakeups() const { return wakeups_.load(); }

 private:
  void run();
  bool collect();
  void flush();
  void count_refused(std::uint64_t refused);
  bool wait_writable();
  void lose_batch();
  void fail(int error);
  void recover();
  void tell_lost(const char* what, std::uint64_t before);
  void carry_out_orders();
  void open_anew();
  void move(std::optional<LogTarget> target);
  void remake_batch(bool goes_on);
  void close_target();
  void sleep();
  [[nodiscard]] bool anything_to_do() const;
  /// The process or the target ends, and the second that this may take is over.
  [[nodiscard]] bool out_of_time() const { return end_at_ && Clock::now() >= *end_at_; }
  void note_stopping();

  std::optional<LogTarget> target_;  ///< nullopt: records stay in the rings
  Sleeper sleeper_;
  RecordFormatter format_;
  std::function<void(std::string)> warn_;
  LogOrders<RecordFormatter> orders_;
  std::vector<relay::RecordRing*> rings_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> wakeups_{0};

  // The log's thread alone:
  Batch batch_;
  bool torn_ = false;                ///< the target ends in the middle of a line that was lost
  std::uint64_t lost_before_ = 0;    ///< `lost_` when the target began to fail
  std::chrono::seconds backoff_{0};  ///< 0: the last write succeeded
  std::uint64_t lost_before_closing_ = 0;
  TimePoint retry_at_{};
  TimePoint tell_refused_after_{};
  bool closing_ = false;             ///< the target is to be closed once the rings are empty
  std::optional<TimePoint> end_at_;  ///< until when that, or the end of the process, may take
};

void RecordLog::Impl::note_stopping() {
  if (stopping_.load() && !end_at_) end_at_ = Clock::now() + kShutdown;
}

void RecordLog::Impl::run() {
  block_all_signals();
  for (;;) {
    note_stopping();
    carry_out_orders();
    const bool last_round = end_at_.has_value();
    const bool found = collect();
    flush();
    if (found) {
      if (!last_round) sleeper_.nap(kNap);
    } else if (closing_) {
      close_target();
    } else if (last_round) {
      return;
    } else {
      sleep();
    }
  }
}

void RecordLog::Impl::sleep() {
  sleeper_.announce_sleep();
  if (anything_to_do()) {
    sleeper_.withdraw();
  } else {
    sleeper_.sleep();
  }
}

bool RecordLog::Impl::anything_to_do() const {
  if (stopping_.load() || orders_.any()) return true;
  return target_ && std::ranges::any_of(rings_, [](relay::RecordRing* ring) { return ring->read_available() != 0; });
}

/// Returns true if there were records. Takes from the rings in turn, so that a busy worker does not starve the others.
bool RecordLog::Impl::collect() {
  if (!target_) return false;
  const auto take = [this](relay::Record& record) {
    if (!enough_memory_for([&] { batch_.add(std::move(record), format_, *target_); })) lost_.fetch_add(1);
  };
  bool found = false;
  for (bool more = true; more && batch_.bytes() < kBatchBytes;) {
    more = false;
    for (relay::RecordRing* ring : rings_) more = ring->consume_one(take) || more;
    found = found || more;
  }
  return found;
}

void RecordLog::Impl::flush() {
  while (!batch_.empty()) {
    if (Clock::now() < retry_at_ || out_of_time()) return lose_batch();
    if (torn_) {
      const auto ended = target_->write("\n");
      if (ended.error != 0 && ended.error != EAGAIN) return fail(ended.error);
      torn_ = ended.error != 0;
    }
    const auto done = torn_ ? LogTarget::Written{0, EAGAIN} : target_->write(batch_.rest());
    batch_.wrote(done.bytes);
    count_refused(done.refused);
    if (done.error == EAGAIN) {
      if (!wait_writable()) return lose_batch();
    } else if (done.error != 0) {
      return fail(done.error);
    } else {
      recover();
    }
  }
}

/// Counts lines that were sent, and that the receiver's host reported as undeliverable: nobody listens there now.
void RecordLog::Impl::count_refused(std::uint64_t refused) {
  if (refused == 0) return;
  lost_.fetch_add(refused);
  if (Clock::now() < tell_refused_after_) return;
  tell_refused_after_ = Clock::now() + kTellRefusedEvery;
  warn_("log " + target_->name() + ": its host refuses session records (ECONNREFUSED); they are lost");
}

/// Waits for the target's reader as long as the process lives. Tells the operator once that it waits. Returns false if
/// the process wants to end.
bool RecordLog::Impl::wait_writable() {
  int timeout_ms = static_cast<int>(kStuckAfter.count());
  for (;;) {
    note_stopping();
    if (end_at_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*end_at_ - Clock::now()).count();
      if (left <= 0) return false;
      timeout_ms = static_cast<int>(left) + 1;
    }
    std::array<pollfd, 2> wanted{pollfd{.fd = target_->fd(), .events = POLLOUT, .revents = 0},
                                 pollfd{.fd = sleeper_.fd(), .events = POLLIN, .revents = 0}};
    const int ready = wait_for(wanted, timeout_ms);
    if (wanted[0].revents != 0) return true;
    if (wanted[1].revents != 0) sleeper_.clear();
    if (orders_.any()) {
      carry_out_orders();
      return true;
    }
    if (ready == 0 && !end_at_) {
      warn_("log " + target_->name() + ": its reader does not read; session records wait, and are then dropped");
      timeout_ms = -1;
    }
  }
}

void RecordLog::Impl::lose_batch() {
  torn_ = torn_ || batch_.is_torn();
  lost_.fetch_add(batch_.lose());
}

void RecordLog::Impl::fail(int error) {
  if (backoff_.count() == 0) {
    lost_before_ = lost_.load();
    warn_(Error{"write the log " + target_->name(), error, "session records are lost until it can be written"}.text());
  }
  backoff_ = std::clamp(backoff_ * 2, kFirstRetry, target_->is_cheap_to_retry() ? kFirstRetry : kLastRetry);
  retry_at_ = Clock::now() + backoff_;
  lose_batch();
}

void RecordLog::Impl::recover() {
  if (backoff_.count() == 0) return;
  tell_lost("can be written again", lost_before_);
  backoff_ = std::chrono::seconds(0);
}

void RecordLog::Impl::tell_lost(const char* what, std::uint64_t before) {
  const std::uint64_t lost = lost_.load() - before;
  warn_("log " + target_->name() + ": " + what + "; " + std::to_string(lost) +
        (lost == 1 ? " session record was lost" : " session records were lost"));
}

void RecordLog::Impl::carry_out_orders() {
  if (!orders_.any()) return;
  Order order = orders_.take();
  const bool other_form = order.format && *order.format != format_;
  if (order.format) format_ = *order.format;
  if (order.moves) {
    move(std::move(order.target));
  } else if (other_form) {
    remake_batch(true);
  }
  if (order.reopen) open_anew();
}

/// The lines that have not left are in a form that is not wanted any more. What has left of a line stays where it is.
void RecordLog::Impl::remake_batch(bool goes_on) {
  if (!target_ || batch_.empty()) return;
  if (!enough_memory_for([&] { batch_.remake(format_, *target_, goes_on); })) lose_batch();
}

void RecordLog::Impl::open_anew() {
  if (!target_ || target_->is_standard_stream()) return;
  auto fresh = target_->open_again();
  if (!fresh) return warn_(fresh.error().text() + "; the log continues in the old file");
  const bool same = fresh->is_same_file(*target_);
  target_ = std::move(*fresh);
  torn_ = torn_ && same;
  retry_at_ = {};
  if (!same) remake_batch(false);
}

void RecordLog::Impl::move(std::optional<LogTarget> target) {
  if (!target) {
    closing_ = target_.has_value();
    lost_before_closing_ = lost_.load();
    if (closing_ && !end_at_) end_at_ = Clock::now() + kShutdown;
    return;
  }
  if (backoff_.count() != 0) tell_lost("is no longer written", lost_before_);
  const bool same = target_ && target->is_same_file(*target_);
  target_ = std::move(target);
  torn_ = torn_ && same;
  backoff_ = std::chrono::seconds(0);
  retry_at_ = {};
  closing_ = false;
  if (!stopping_.load()) end_at_.reset();
  remake_batch(same);
}

/// All that the rings held is written, or lost.
void RecordLog::Impl::close_target() {
  if (lost_.load() != lost_before_closing_) tell_lost("is no longer written", lost_before_closing_);
  closing_ = false;
  target_.reset();
  torn_ = false;
  backoff_ = std::chrono::seconds(0);
  retry_at_ = {};
  if (!stopping_.load()) end_at_.reset();
}

Result<std::unique_ptr<RecordLog>> RecordLog::create(std::optional<LogTarget> target, RecordFormatter format,
                                                     std::function<void(std::string)> warn) {
  auto sleeper = Sleeper::create();
  if (!sleeper) return Failure(sleeper.error());
  auto impl = std::make_unique<Impl>(std::move(target), std::move(*sleeper), format, std::move(warn));
  return std::unique_ptr<RecordLog>(new RecordLog(std::move(impl)));
}

RecordLog::RecordLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecordLog::~RecordLog() { close(); }
void RecordLog::close() { impl_->stop(); }
void RecordLog::start(std::vector<relay::RecordRing*> rings) { impl_->start(std::move(rings)); }
void RecordLog::wake() { impl_->wake(); }
void RecordLog::obey(Order order) { impl_->obey(std::move(order)); }
std::uint64_t RecordLog::lost() const { return impl_->lost(); }
std::uint64_t RecordLog::wakeups() const { return impl_->wakeups(); }

}  // namespace lastbyte::observe
