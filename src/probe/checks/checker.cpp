#include "probe/checks/checker.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "probe/checks/run.h"
#include "probe/heartbeat/link.h"

namespace lastbyte::probe::checks {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::microseconds;

}  // namespace

class Checker::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, const upstream::Check& check, std::function<Target()> target,
       std::function<void(Outcome)> report)
      : io_(io), check_(check), target_(std::move(target)), report_(std::move(report)), timer_(io) {}

  void start() {
    began_ = Clock::now() + check_.initial_delay;
    wait_until(began_);
  }

  void stop() {
    stopped_ = true;
    timer_.cancel();
    run_.reset();
    if (connecting_) connecting_->cancel();
    link_.reset();
  }

 private:
  void wait_until(TimePoint when) {
    timer_.expires_at(when);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error && !self->stopped_) self->begin();
    });
  }

  void begin() {
    began_ = Clock::now();
    if (check_.kind == upstream::Check::Kind::heartbeat) return connect();
    run_ = std::make_unique<Run>(io_, check_, target_(), [this](Outcome outcome) {
      run_.reset();
      end(std::move(outcome));
    });
  }

  void end(Outcome outcome) {
    report_(std::move(outcome));
    if (!stopped_) wait_until(std::max(began_ + check_.period, Clock::now()));
  }

  void connect() {
    connecting_ = std::make_shared<Connecting>(io_, target_(), check_.timeout);
    connecting_->start([self = shared_from_this()](Result<std::shared_ptr<Stream>> stream) {
      self->connecting_.reset();
      if (self->stopped_) return;
      if (!stream) return self->end({.passed = false, .detail = stream.error().text()});
      self->beat(std::move(*stream));
    });
  }

  void beat(std::shared_ptr<Stream> stream) {
    counted_ = {};
    link_ = std::make_unique<heartbeat::Link>(
        std::move(stream), check_.period, heartbeat::Condition{},
        heartbeat::Link::Callbacks{[this](const heartbeat::Heard& heard) { take(heard); },
                                   [this](std::string why, bool silent) { lost(std::move(why), silent); }});
  }

  void take(const heartbeat::Heard& heard) {
    // Until the peer has echoed this end's session, its frames may be a recording.
    if (!heard.confirmed) return;
    Outcome outcome{.passed = true, .detail = "heartbeat"};
    outcome.took = heard.round_trip.value_or(microseconds(0));
    outcome.draining = heard.condition.draining;
    outcome.load_percent = heard.condition.load_percent;
    report_(counted(std::move(outcome)));
  }

  void lost(std::string why, bool silent) {
    Outcome outcome = counted({.passed = false, .definite = silent, .detail = "heartbeat: " + std::move(why)});
    link_.reset();
    end(std::move(outcome));
  }

  Outcome counted(Outcome outcome) {
    const heartbeat::Counts now = link_->counts();
    outcome.frames = now.taken - counted_.taken;
    outcome.frames_refused = now.refused() - counted_.refused();
    counted_ = now;
    return outcome;
  }

  asio::io_context& io_;
  upstream::Check check_;
  std::function<Target()> target_;
  std::function<void(Outcome)> report_;
  asio::steady_timer timer_;
  TimePoint began_{};
  bool stopped_ = false;
  std::unique_ptr<Run> run_;
  std::shared_ptr<Connecting> connecting_;
  std::unique_ptr<heartbeat::Link> link_;
  heartbeat::Counts counted_;
};

Checker::Checker(asio::io_context& io, const upstream::Check& check, std::function<Target()> target,
                 std::function<void(Outcome)> report)
    : impl_(std::make_shared<Impl>(io, check, std::move(target), std::move(report))) {
  impl_->start();
}

Checker::~Checker() { impl_->stop(); }

}  // namespace lastbyte::probe::checks
