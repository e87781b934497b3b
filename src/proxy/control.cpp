#include "proxy/control.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <system_error>
#include <thread>

#include "base/memory.h"
#include "base/signals.h"
#include "base/text.h"
#include "proxy/reload.h"
#include "proxy/watch/tally.h"
#include "proxy/watch/time_wait.h"
#include "relay/worker/inquiries.h"

namespace lastbyte::proxy {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kLook{5};  ///< how often to look at dropped records, ports and the status
constexpr std::chrono::minutes kTellDropsEvery{1};
/// The watchdog is notified twice as often as sd_watchdog_enabled(3) recommends. A worker thus has a quarter of the
/// watchdog's time to answer.
constexpr int kBeatsPerWatchdog = 4;

/// The pause before a signal that found no memory is handled again.
constexpr Duration kNoMemoryPause{100};

constexpr std::array kOwnSignals{SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGHUP};

/// A parent may have blocked the signals that stop this process.
void unblock_own_signals() {
  sigset_t own;
  sigemptyset(&own);
  for (const int each : kOwnSignals) sigaddset(&own, each);
  pthread_sigmask(SIG_UNBLOCK, &own, nullptr);
}

}  // namespace

class Control::Impl {
 public:
  explicit Impl(Parts parts)
      : parts_(std::move(parts)),
        signals_(io_),
        look_timer_(io_),
        time_wait_timer_(io_),
        watchdog_timer_(io_),
        release_timer_(io_),
        delay_timer_(io_),
        time_wait_(parts_.messages),
        reload_(io_, parts_.running, parts_.log, parts_.messages, parts_.source,
                [this](Reload::Finished finished) { after_reload(finished); }) {
    for (const int each : kOwnSignals) signals_.add(each);
    unblock_own_signals();
    publish();  // before any thread can read it
  }

  Result<void> run();
  [[nodiscard]] std::string summary() const;
  [[nodiscard]] Tally tally() const;
  void change_forwarding(const std::string& name, admin::Change change, const std::function<void(Result<void>)>& done);
  void post(std::function<void()> work) {
    asio::post(io_, [work = std::move(work)] { (void)enough_memory_for(work); });
  }

 private:
  enum class Stage { serving, leaving, draining, aborting };

  Result<void> start_workers();
  void worker_ended(relay::Worker* worker);
  void expect_signal();
  void obey(int number);
  void on_signal(int number);
  void stop(int number);
  void drain(int number);
  void reopen_log();
  void reopen_logs();
  void hang_up();
  void after_reload(Reload::Finished finished);
  void publish();
  [[nodiscard]] std::string status() const;
  void release_when_due();
  void look();
  void remove_time_wait();
  void tell_drops(std::uint64_t dropped);
  void pet_watchdog(std::chrono::microseconds every);
  [[nodiscard]] bool workers_are_alive() const;

  Parts parts_;
  asio::io_context io_;
  asio::signal_set signals_;
  asio::steady_timer look_timer_;
  asio::steady_timer time_wait_timer_;
  asio::steady_timer watchdog_timer_;
  asio::steady_timer release_timer_;
  asio::steady_timer delay_timer_;
  TimeWaitRemoval time_wait_;
  Reload reload_;
  std::vector<std::thread> threads_;
  std::vector<relay::Worker*> running_;
  std::uint64_t beats_asked_ = 0;  ///< of each worker since the start
  Stage stage_ = Stage::serving;
  Tally at_stop_;
  std::uint64_t drops_told_ = 0;
  TimePoint tell_drops_after_{};
};

Result<void> Control::Impl::run() {
  expect_signal();
  const auto started = start_workers();
  if (started) {
    parts_.vitals.enter(Vitals::Stage::serving);
    ::sd_notify(0, "READY=1\nSTATUS=serving");
    look();
    time_wait_.watch(parts_.running.bound());
    remove_time_wait();
    std::uint64_t watchdog_us = 0;
    if (::sd_watchdog_enabled(0, &watchdog_us) > 0)
      pet_watchdog(std::chrono::microseconds(watchdog_us) / kBeatsPerWatchdog);
    io_.run();
  }
  for (std::thread& thread : threads_) thread.join();
  return started;
}

Result<void> Control::Impl::start_workers() {
  const BlockedSignals blocked;
  try {
    for (const auto& worker : parts_.running.workers()) {
      threads_.emplace_back([this, worker = worker.get()] {
        worker->run();
        asio::post(io_, [this, worker] { worker_ended(worker); });
      });
      running_.push_back(worker.get());
    }
  } catch (const std::system_error& error) {
    parts_.running.abort();
    return failure("start the worker threads", error.code().value());
  }
  return {};
}

void Control::Impl::worker_ended(relay::Worker* worker) {
  std::erase(running_, worker);
  if (!running_.empty()) return;
  signals_.cancel();
  look_timer_.cancel();
  time_wait_timer_.cancel();
  watchdog_timer_.cancel();
  release_timer_.cancel();
  delay_timer_.cancel();
}

void Control::Impl::expect_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    obey(number);
    expect_signal();
  });
}

/// Handles a signal as soon as there is memory for it (T12).
void Control::Impl::obey(int number) {
  if (enough_memory_for([&] { on_signal(number); })) return;
  const auto retry = std::make_shared<asio::steady_timer>(io_, kNoMemoryPause);
  retry->async_wait([this, retry, number](const boost::system::error_code&) {
    if (!running_.empty()) obey(number);
  });
}

void Control::Impl::on_signal(int number) {
  switch (number) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT: return stop(number);
    case SIGHUP: return hang_up();
    default: return reopen_log();
  }
}

void Control::Impl::stop(int number) {
  if (stage_ == Stage::serving) parts_.vitals.happened({.at = std::chrono::system_clock::now(), .event = "stop"});
  switch (stage_) {
    case Stage::serving: {
      const Duration delay = parts_.running.config().shutdown_delay;
      if (delay == Duration{0}) return drain(number);
      stage_ = Stage::leaving;
      parts_.vitals.enter(Vitals::Stage::leaving);
      reload_.no_more();
      ::sd_notify(0, "STOPPING=1\nSTATUS=waiting for shutdown-delay");
      parts_.messages.info(
          fmt::format("SIG{}: /readyz fails; clients are accepted for another {} s, another SIG{} ends "
                      "this delay",
                      ::sigabbrev_np(number), std::chrono::duration<double>(delay).count(), ::sigabbrev_np(number)));
      delay_timer_.expires_after(delay);
      delay_timer_.async_wait([this, number](const boost::system::error_code& error) {
        if (!error && stage_ == Stage::leaving) drain(number);
      });
      return;
    }
    case Stage::leaving: return drain(number);
    case Stage::draining: {
      const std::uint64_t open = tally().of(relay::Count::open);  // before the workers end them
      parts_.running.abort();
      stage_ = Stage::aborting;
      parts_.messages.warn(fmt::format("SIG{} again: {} reset now", ::sigabbrev_np(number), counted(open, "session")));
      return;
    }
    case Stage::aborting: return;
  }
}

void Control::Impl::drain(int number) {
  at_stop_ = tally();
  reload_.no_more();
  delay_timer_.cancel();
  release_timer_.cancel();
  ::sd_notify(0, "STOPPING=1\nSTATUS=draining");
  const Duration drain = parts_.running.config().drain;
  parts_.running.drain(Clock::now() + drain);
  stage_ = Stage::draining;
  parts_.vitals.enter(Vitals::Stage::draining);
  parts_.messages.info(
      fmt::format("SIG{}: no more clients are accepted; {} may finish for {} s, another SIG{} ends them",
                  ::sigabbrev_np(number), counted(at_stop_.of(relay::Count::open), "session"),
                  std::chrono::duration<double>(drain).count(), ::sigabbrev_np(number)));
}

void Control::Impl::reopen_logs() {
  parts_.log.reopen();
  parts_.messages.reopen();
}

void Control::Impl::reopen_log() {
  reopen_logs();
  parts_.messages.info("SIGUSR1: reopening the log");
}

/// SIGHUP also reopens the log, because many rotation scripts send it.
void Control::Impl::hang_up() {
  reopen_logs();
  if (stage_ != Stage::serving) {
    parts_.messages.info("SIGHUP: reopening the log; the configuration is not read during a stop");
  } else {
    reload_.ask();
  }
}

void Control::Impl::after_reload(Reload::Finished finished) {
  if (finished != Reload::Finished::repeated) {
    parts_.vitals.loaded(reload_.failure());
    parts_.vitals.happened({.at = std::chrono::system_clock::now(),
                            .event = "reload",
                            .successful = reload_.failure().empty(),
                            .reason = reload_.failure()});
  }
  if (finished != Reload::Finished::reload_failed) {
    publish();
    parts_.ports.watch(parts_.running.bound());
    time_wait_.watch(parts_.running.bound());
    remove_time_wait();
    release_when_due();
  }
  ::sd_notify(0, ("READY=1\nSTATUS=" + status()).c_str());
}

void Control::Impl::publish() {
  parts_.vitals.serves(parts_.running.facts(), config::print_yaml(parts_.running.config()),
                       parts_.running.config().drain);
}

/// Records the order, then applies the running configuration again under it.
void Control::Impl::change_forwarding(const std::string& name, admin::Change change,
                                      const std::function<void(Result<void>)>& done) {
  const std::string what = "change the forwarding '" + name + "'";
  if (stage_ != Stage::serving) return done(failure(what, EBUSY, "lastbyte is about to stop"));
  const admin::Change before = parts_.running.order_for(name);
  if (!parts_.running.order(name, change)) return done(failure(what, ENOENT, "there is no forwarding of that name"));
  reload_.repeat([this, name, what, change, before, done](const std::string& why) {
    if (!why.empty()) {
      parts_.running.order(name, before);
      return done(failure(what, EADDRINUSE, why));
    }
    static constexpr std::array kWords{"enabled", "drained", "disabled"};
    parts_.messages.info(
        fmt::format("forwarding '{}': {} by an operator", name, kWords[static_cast<std::size_t>(change)]));
    if (change == admin::Change::disable) {
      auto order = std::make_shared<relay::EndOrder>();
      order->forwarding = name;
      order->done = [](std::size_t) {};
      for (const auto& worker : parts_.running.workers()) worker->end(order);
    }
    publish();
    done({});
  });
}

/// The status reports a failed reload until a reload succeeds, because the service manager treats each reload as
/// successful.
std::string Control::Impl::status() const {
  const Tally now = tally();
  std::string text = fmt::format("serving {}, {} since the start", counted(now.of(relay::Count::open), "session"),
                                 counted(now.of(relay::Count::accepted), "client"));
  if (!reload_.failure().empty()) text += "; " + reload_.failure();
  return text;
}

/// Closes sockets that a reload has left, when their time is over.
void Control::Impl::release_when_due() {
  const auto due = parts_.running.next_release();
  if (!due) return;
  release_timer_.expires_at(*due);
  release_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stage_ != Stage::serving) return;
    (void)enough_memory_for([&] { parts_.running.release(Clock::now()); });
    release_when_due();
  });
}

/// Repeats while a forwarding wants it.
void Control::Impl::remove_time_wait() {
  if (!time_wait_.is_wanted()) return;
  (void)enough_memory_for([&] { time_wait_.run(); });
  time_wait_timer_.expires_after(TimeWaitRemoval::kInterval);
  time_wait_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !running_.empty()) remove_time_wait();
  });
}

void Control::Impl::look() {
  // If a look finds no memory, the next one makes up for it (T12).
  (void)enough_memory_for([&] {
    const Tally now = tally();
    tell_drops(now.of(relay::Count::records_dropped));
    parts_.messages.tell_dropped();
    if (stage_ == Stage::serving && parts_.running.refresh_snapshots()) {
      parts_.ports.watch(parts_.running.bound());
      const bool was_wanted = time_wait_.is_wanted();
      time_wait_.watch(parts_.running.bound());
      if (!was_wanted) remove_time_wait();
    }
    parts_.ports.look(now.of(relay::Count::accepted));
    parts_.vitals.set_ports(parts_.ports.seen());
    parts_.running.forget_closed();
    if (stage_ == Stage::serving) ::sd_notify(0, ("STATUS=" + status()).c_str());
  });
  look_timer_.expires_after(kLook);
  look_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !running_.empty()) look();
  });
}

void Control::Impl::tell_drops(std::uint64_t dropped) {
  if (dropped == drops_told_ || Clock::now() < tell_drops_after_) return;
  parts_.messages.warn(fmt::format("the log cannot keep up: {} dropped, {} in all",
                                   counted(dropped - drops_told_, "session record"), dropped));
  drops_told_ = dropped;
  tell_drops_after_ = Clock::now() + kTellDropsEvery;
}

/// Notifies the service manager only when every worker has handled its mail since the last notification. It sends no
/// new mail before all workers have answered, so the mail of a stuck worker does not pile up.
void Control::Impl::pet_watchdog(std::chrono::microseconds every) {
  if (workers_are_alive()) {
    ::sd_notify(0, "WATCHDOG=1");
    ++beats_asked_;
    // A worker that was not asked for lack of memory has not answered, so the service manager is not notified.
    (void)enough_memory_for([&] {
      for (relay::Worker* worker : running_) worker->beat();
    });
  }
  watchdog_timer_.expires_after(every);
  watchdog_timer_.async_wait([this, every](const boost::system::error_code& error) {
    if (!error && !running_.empty()) pet_watchdog(every);
  });
}

bool Control::Impl::workers_are_alive() const {
  return std::ranges::all_of(running_, [this](const relay::Worker* worker) {
    return worker->counters().of(relay::Count::beats) == beats_asked_;
  });
}

std::string Control::Impl::summary() const {
  const Tally end = tally();
  std::string summary = fmt::format(
      "{} served, {} of them ended during the stop ({} reset by it)", counted(end.of(relay::Count::ended), "session"),
      end.of(relay::Count::ended) - at_stop_.of(relay::Count::ended), end.of(relay::Count::stopped));
  if (end.of(relay::Count::records_dropped) > 0)
    summary += fmt::format(", {} dropped", counted(end.of(relay::Count::records_dropped), "session record"));
  return summary;
}

Tally Control::Impl::tally() const {
  Tally all;
  for (const auto& worker : parts_.running.workers()) all.add(worker->counters());
  return all;
}

Control::Control(Parts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}
Control::~Control() = default;
Result<void> Control::run() { return impl_->run(); }
std::string Control::summary() const { return impl_->summary(); }
Tally Control::tally() const { return impl_->tally(); }
void Control::change_forwarding(std::string name, admin::Change change, std::function<void(Result<void>)> done) {
  impl_->post(
      [this, name = std::move(name), change, done = std::move(done)] { impl_->change_forwarding(name, change, done); });
}

}  // namespace lastbyte::proxy
