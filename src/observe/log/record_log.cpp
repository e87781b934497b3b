// Theory of operation. One thread takes records from all rings, formats them into a batch of whole lines, writes the
// batch, and naps. While sessions keep ending, a worker's wake() finds the thread awake and costs nothing. The thread
// sleeps until woken only after a nap that brought no records. A target that blocks stops the thread, not the workers:
// their rings fill up, and they count the records that they drop. A target that fails loses the batch; the thread then
// waits before it tries again.
#include "observe/log/record_log.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <string_view>
#include <thread>

#include "base/memory.h"
#include "base/signals.h"
#include "base/time.h"
#include "observe/log/sleeper.h"
#include "observe/log/target.h"
#include "observe/record/moment.h"
#include "observe/record/severity.h"
#include "observe/record/shortened.h"

namespace lastbyte::observe {
namespace {

constexpr std::size_t kBatchBytes = 64 * 1024;
constexpr std::chrono::milliseconds kNap{20};
constexpr std::chrono::milliseconds kStuckAfter{1000};
constexpr std::chrono::milliseconds kShutdown{1000};
constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::seconds kLastRetry{64};
constexpr std::chrono::minutes kTellRefusedEvery{1};

/// RFC 5612 reserves the number for examples: lastbyte has none of its own, and IANA owns all names without a number.
constexpr std::string_view kDataId = "session@32473";

std::string_view kind(const relay::Record& record) {
  if (record.progress() == nullptr) return "session-end";
  return record.progress()->began ? "session-begin" : "session-open";
}

}  // namespace

class RecordLog::Impl {
 public:
  Impl(LogTarget target, Sleeper sleeper, RecordFormatter format, std::function<void(std::string)> warn,
       SyslogOrigin origin)
      : target_(std::move(target)),
        sleeper_(std::move(sleeper)),
        format_(format),
        warn_(std::move(warn)),
        origin_(std::move(origin)) {}

  void start(std::vector<relay::RecordRing*> rings) {
    rings_ = std::move(rings);
    thread_ = std::thread([this] { run(); });
  }

  void stop() {
    stopping_.store(true);
    sleeper_.interrupt();
    if (thread_.joinable()) thread_.join();
  }

  void reopen() {
    reopen_wanted_.store(true);
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
  void append(const relay::Record& record);
  void flush();
  void count_refused(std::uint64_t refused);
  bool wait_writable();
  void lose_batch();
  void fail(int error);
  void recover();
  void open_anew();
  void sleep();
  [[nodiscard]] bool anything_to_do() const;
  /// Whether the log is stopping and its second has passed.
  [[nodiscard]] bool out_of_time() const { return stopping_.load() && stop_at_ && Clock::now() >= *stop_at_; }
  void note_stopping();

  LogTarget target_;
  Sleeper sleeper_;
  RecordFormatter format_;
  std::function<void(std::string)> warn_;
  SyslogOrigin origin_;
  std::vector<relay::RecordRing*> rings_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> reopen_wanted_{false};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> wakeups_{0};

  // Used by the log's thread only:
  std::string batch_;  ///< formatted lines; the first `written_` bytes have been written
  std::size_t written_ = 0;
  bool torn_ = false;                ///< the target ends in the middle of a line, whose rest was lost
  std::uint64_t lost_before_ = 0;    ///< `lost_` when the target began to fail
  std::chrono::seconds backoff_{0};  ///< 0: the last write succeeded
  TimePoint retry_at_{};
  TimePoint tell_refused_after_{};
  std::optional<TimePoint> stop_at_;
};

void RecordLog::Impl::note_stopping() {
  if (stopping_.load() && !stop_at_) stop_at_ = Clock::now() + kShutdown;
}

void RecordLog::Impl::run() {
  block_all_signals();
  for (;;) {
    note_stopping();
    if (reopen_wanted_.exchange(false)) open_anew();
    const bool last_round = stop_at_.has_value();
    const bool found = collect();
    flush();
    if (found) {
      if (!stopping_.load()) sleeper_.nap(kNap);
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
  if (stopping_.load() || reopen_wanted_.load()) return true;
  return std::ranges::any_of(rings_, [](relay::RecordRing* ring) { return ring->read_available() != 0; });
}

/// Returns true if there were records. Takes from the rings in turn, so that a busy worker does not starve the others.
bool RecordLog::Impl::collect() {
  const auto take = [this](const relay::Record& record) {
    const std::size_t before = batch_.size();
    if (enough_memory_for([&] { append(record); })) return;
    batch_.resize(before);
    lost_.fetch_add(1);
  };
  bool found = false;
  for (bool more = true; more && batch_.size() < kBatchBytes;) {
    more = false;
    for (relay::RecordRing* ring : rings_) more = ring->consume_one(take) || more;
    found = found || more;
  }
  return found;
}

void RecordLog::Impl::append(const relay::Record& record) {
  Line line{.when = ended(record), .severity = severity(record), .kind = kind(record), .text = format_(record)};
  if (target_.takes_data()) {
    line.data = {.id = kDataId, .parameters = parameters(record)};
    if (!target_.has_room_for(line)) {
      line.text = format_(shortened(record));
      line.data.parameters.emplace_back("shortened", "true");
    }
  }
  target_.append(batch_, line);
}

void RecordLog::Impl::flush() {
  while (written_ < batch_.size()) {
    if (Clock::now() < retry_at_ || out_of_time()) return lose_batch();
    if (torn_) {
      const auto ended = target_.write("\n");
      if (ended.error != 0 && ended.error != EAGAIN) return fail(ended.error);
      torn_ = ended.error != 0;
    }
    const auto done = torn_ ? LogTarget::Written{0, EAGAIN} : target_.write(std::string_view(batch_).substr(written_));
    written_ += done.bytes;
    count_refused(done.refused);
    if (done.error == EAGAIN) {
      if (!wait_writable()) return lose_batch();
    } else if (done.error != 0) {
      return fail(done.error);
    } else {
      recover();
    }
  }
  batch_.clear();
  written_ = 0;
}

/// Counts lines that were sent, and that the receiver's host reported as undeliverable: nobody listens there now.
void RecordLog::Impl::count_refused(std::uint64_t refused) {
  if (refused == 0) return;
  lost_.fetch_add(refused);
  if (Clock::now() < tell_refused_after_) return;
  tell_refused_after_ = Clock::now() + kTellRefusedEvery;
  warn_("log " + target_.name() + ": its host refuses session records (ECONNREFUSED); they are lost");
}

/// Waits for the target's reader as long as the process lives. Tells the operator once that it waits. Returns false if
/// the process wants to end.
bool RecordLog::Impl::wait_writable() {
  int timeout_ms = static_cast<int>(kStuckAfter.count());
  for (;;) {
    note_stopping();
    if (stop_at_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*stop_at_ - Clock::now()).count();
      if (left <= 0) return false;
      timeout_ms = static_cast<int>(left) + 1;
    }
    std::array<pollfd, 2> wanted{pollfd{.fd = target_.fd(), .events = POLLOUT, .revents = 0},
                                 pollfd{.fd = sleeper_.fd(), .events = POLLIN, .revents = 0}};
    const int ready = wait_for(wanted, timeout_ms);
    if (wanted[0].revents != 0) return true;
    if (wanted[1].revents != 0) sleeper_.clear();
    if (reopen_wanted_.exchange(false)) {
      open_anew();
      return true;
    }
    if (ready == 0 && !stop_at_) {
      warn_("log " + target_.name() + ": its reader does not read; session records wait, and are then dropped");
      timeout_ms = -1;
    }
  }
}

void RecordLog::Impl::lose_batch() {
  const auto rest = std::string_view(batch_).substr(written_);
  lost_.fetch_add(static_cast<std::uint64_t>(std::ranges::count(rest, '\n')));
  torn_ = torn_ || (written_ > 0 && batch_[written_ - 1] != '\n');
  batch_.clear();
  written_ = 0;
}

void RecordLog::Impl::fail(int error) {
  if (backoff_.count() == 0) {
    lost_before_ = lost_.load();
    warn_(Error{"write the log " + target_.name(), error, "session records are lost until it can be written"}.text());
  }
  backoff_ = std::clamp(backoff_ * 2, kFirstRetry, target_.is_cheap_to_retry() ? kFirstRetry : kLastRetry);
  retry_at_ = Clock::now() + backoff_;
  lose_batch();
}

void RecordLog::Impl::recover() {
  if (backoff_.count() == 0) return;
  backoff_ = std::chrono::seconds(0);
  const std::uint64_t lost = lost_.load() - lost_before_;
  warn_("log " + target_.name() + ": can be written again; " + std::to_string(lost) +
        (lost == 1 ? " session record was lost" : " session records were lost"));
}

void RecordLog::Impl::open_anew() {
  if (target_.is_standard_stream()) return;
  auto fresh = LogTarget::open(target_.name(), origin_);
  if (!fresh) return warn_(fresh.error().text() + "; the old file is written on");
  if (written_ > 0 && batch_[written_ - 1] != '\n') {
    // The old file has half of a line; the other half would make no sense in the new file.
    const auto end_of_line = batch_.find('\n', written_);
    lost_.fetch_add(1);
    written_ = end_of_line + 1;
  }
  target_ = std::move(*fresh);
  torn_ = false;
  retry_at_ = {};
}

Result<std::unique_ptr<RecordLog>> RecordLog::open(const std::string& target, RecordFormatter format,
                                                   std::function<void(std::string)> warn, const SyslogOrigin& origin) {
  auto opened = LogTarget::open(target, origin);
  if (!opened) return Failure(opened.error());
  auto sleeper = Sleeper::create();
  if (!sleeper) return Failure(sleeper.error());
  auto impl = std::make_unique<Impl>(std::move(*opened), std::move(*sleeper), format, std::move(warn), origin);
  return std::unique_ptr<RecordLog>(new RecordLog(std::move(impl)));
}

RecordLog::RecordLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecordLog::~RecordLog() { close(); }
void RecordLog::close() { impl_->stop(); }
void RecordLog::start(std::vector<relay::RecordRing*> rings) { impl_->start(std::move(rings)); }
void RecordLog::wake() { impl_->wake(); }
void RecordLog::reopen() { impl_->reopen(); }
std::uint64_t RecordLog::lost() const { return impl_->lost(); }
std::uint64_t RecordLog::wakeups() const { return impl_->wakeups(); }

}  // namespace lastbyte::observe
