// The last resort as a source of events: compares counters once per period.
#include <sys/timerfd.h>
#include <unistd.h>

#include <utility>

#include "base/descriptor.h"
#include "kernel/watch/source.h"

namespace lastbyte::kernel {
namespace {

class Polled final : public EventSource {
 public:
  Polled(Descriptor timer, int network, Counters first)
      : timer_(std::move(timer)), network_(network), last_(std::move(first)) {}

  [[nodiscard]] int fd() const override { return timer_.get(); }
  [[nodiscard]] std::uint64_t lost() const override { return 0; }

  Result<void> take(const Sink& sink) override {
    std::uint64_t periods = 0;
    if (::read(timer_.get(), &periods, sizeof periods) < 0) return {};
    auto now = read_counters(network_);
    if (!now) return Failure(now.error());
    sink.counted(now->since(last_));
    last_ = std::move(*now);
    return {};
  }

 private:
  Descriptor timer_;
  int network_;
  Counters last_;
};

}  // namespace

Result<std::unique_ptr<EventSource>> open_counters(const SourceSettings& settings) {
  auto first = read_counters(settings.network);
  if (!first) return Failure(first.error());
  Descriptor timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(settings.period);
  const timespec period{.tv_sec = seconds.count(),
                        .tv_nsec = std::chrono::nanoseconds(settings.period - seconds).count()};
  const itimerspec spec{.it_interval = period, .it_value = period};
  if (!timer || ::timerfd_settime(timer.get(), 0, &spec, nullptr) != 0) return failure_from_errno("make a timer");
  return std::make_unique<Polled>(std::move(timer), settings.network, std::move(*first));
}

}  // namespace lastbyte::kernel
