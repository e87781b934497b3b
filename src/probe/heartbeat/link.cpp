#include "probe/heartbeat/link.h"

#include <sys/random.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <random>
#include <utility>

#include "probe/socket/parting.h"

namespace lastbyte::heartbeat {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr Duration kPartingPatience{5'000};

}  // namespace

std::uint64_t random_session() {
  std::uint64_t number = 0;
  while (number == 0)
    if (::getrandom(&number, sizeof number, 0) != sizeof number) number = std::random_device{}();
  return number;
}

class Link::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(std::shared_ptr<asio::posix::stream_descriptor> stream, Duration interval, Condition condition,
       Callbacks callbacks)
      : stream_(std::move(stream)),
        timer_(stream_->get_executor()),
        beat_({.interval = interval, .session = random_session(), .condition = condition}, Clock::now()),
        callbacks_(std::move(callbacks)) {}

  void start() {
    asio::post(stream_->get_executor(), [self = shared_from_this()] {
      if (self->ended_) return;
      self->read();
      self->go_on();
    });
  }

  void stop() {
    if (std::exchange(ended_, true)) return;
    timer_.cancel();
    stream_->cancel();
    probe::part(stream_, kPartingPatience);
  }

  void tell(Condition condition) {
    beat_.tell(condition);
    if (!ended_) go_on();
  }

  [[nodiscard]] const Counts& counts() const { return beat_.counts(); }

 private:
  void read() {
    stream_->async_read_some(asio::buffer(bytes_), [self = shared_from_this()](const error_code& error,
                                                                               std::size_t size) {
      if (self->ended_) return;
      for (const Heard& each : self->beat_.receive(std::as_bytes(std::span(self->bytes_).first(size)), Clock::now())) {
        self->callbacks_.on_heard(each);
        if (self->ended_) return;
      }
      if (error)
        return self->finish(error == asio::error::eof ? "the peer closed the connection" : error.message(), false);
      if (!self->go_on()) return;
      self->read();
    });
  }

  /// Sends the frame that is due and sets the timer. Returns false if the connection has ended.
  bool go_on() {
    const TimePoint now = Clock::now();
    if (const auto end = beat_.end(now)) {
      const bool silent = *end == End::silent || *end == End::stalled;
      finish(silent ? "no frame came for one and a half intervals"
                    : "the peer sent a frame that is " + std::string(name(*end)),
             silent);
      return false;
    }
    if (!writing_) write(beat_.due(now));
    timer_.expires_at(writing_ ? beat_.dies() : beat_.next());
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error && !self->ended_) self->go_on();
    });
    return true;
  }

  /// Sends a frame. While the peer does not read, no further frame follows.
  void write(std::string frame) {
    if (frame.empty()) return;
    out_ = std::move(frame);
    writing_ = true;
    asio::async_write(*stream_, asio::buffer(out_), [self = shared_from_this()](const error_code& error, std::size_t) {
      self->writing_ = false;
      if (self->ended_ || error) return;  // the read reports why
      self->go_on();
    });
  }

  void finish(std::string why, bool silent) {
    const auto on_end = std::move(callbacks_.on_end);
    stop();
    on_end(std::move(why), silent);
  }

  std::shared_ptr<asio::posix::stream_descriptor> stream_;
  asio::steady_timer timer_;
  Beat beat_;
  Callbacks callbacks_;
  std::array<char, 4096> bytes_{};
  std::string out_;
  bool writing_ = false;
  bool ended_ = false;
};

Link::Link(std::shared_ptr<asio::posix::stream_descriptor> stream, Duration interval, Condition condition,
           Callbacks callbacks)
    : impl_(std::make_shared<Impl>(std::move(stream), interval, condition, std::move(callbacks))) {
  impl_->start();
}

Link::~Link() { impl_->stop(); }
void Link::tell(Condition condition) { impl_->tell(condition); }
Counts Link::counts() const { return impl_->counts(); }

}  // namespace lastbyte::heartbeat
