#include "probe/socket/connect.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <mutex>
#include <utility>

#include "net/socket/calls.h"
#include "net/transport/connect.h"

namespace lastbyte::probe {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

net::Source source_towards(const net::Address& to, const net::ConnectOptions& options) {
  const auto found = std::ranges::find(options.sources, to.family(), &net::Source::family);
  return found == options.sources.end() ? net::Source{} : *found;
}

std::string operation(const net::Address& to) { return "connect " + (to.is_unix() ? to.text() : "tcp:" + to.text()); }

}  // namespace

/// The thread of the root directory may answer when nobody waits any more, and when the io_context is gone.
struct Connecting::Waiting {
  std::mutex mutex;
  asio::io_context* io;  ///< null: nobody waits
};

Connecting::Connecting(asio::io_context& io, Target target, Duration timeout)
    : io_(io), target_(std::move(target)), timeout_(timeout), deadline_(io) {}

Connecting::~Connecting() { ask_no_more(); }

void Connecting::start(Done done) {
  done_ = std::move(done);
  asio::post(io_, [self = shared_from_this()] {
    if (self->done_) self->try_next();
  });
}

void Connecting::cancel() {
  done_ = nullptr;
  deadline_.cancel();
  ask_no_more();
  error_code ignored;
  if (stream_) stream_->close(ignored);
}

void Connecting::try_next() {
  if (next_ == target_.addresses.size())
    return finish(Failure(last_error_.value_or(Error{"check", 0, "the member has no address"})));
  const net::Address& to = target_.addresses[next_++];
  if (to.is_unix() && target_.place.root) {
    auto now = target_.place.root->connect_now(to, target_.options.socket);
    return !now && now.error().code == EINPROGRESS ? ask_root(to) : take(std::move(now));
  }
  const auto transport = to.is_unix() ? net::Transport::unix_stream : net::Transport::tcp;
  auto connecting = net::start_connecting(transport, to, source_towards(to, target_.options), target_.options, {},
                                          target_.place.inside.get());
  if (!connecting) return failed(std::move(connecting.error()));
  auto stream = make_stream(io_, std::move(connecting->socket));
  if (!stream) return failed(std::move(stream.error()));
  stream_ = std::move(*stream);
  if (connecting->connected) return connected();
  set_deadline(to);
  stream_->async_wait(Stream::wait_write,
                      [self = shared_from_this(), stream = stream_, what = operation(to)](const error_code& error) {
                        if (error || !self->done_ || self->stream_ != stream) return;
                        const int code = net::take_error(stream->native_handle());
                        if (code == 0) return self->connected();
                        self->failed(Error{what, code, {}});
                      });
}

void Connecting::set_deadline(const net::Address& to) {
  deadline_.expires_after(timeout_);
  deadline_.async_wait([self = shared_from_this(), tries = next_, what = operation(to)](const error_code& error) {
    if (error || !self->done_ || self->next_ != tries) return;
    error_code ignored;
    if (self->stream_) self->stream_->close(ignored);
    self->failed(Error{what, ETIMEDOUT, {}});
  });
}

/// A look-up in there may take any time: the thread of the root does it.
void Connecting::ask_root(const net::Address& to) {
  waiting_ = std::make_shared<Waiting>();
  waiting_->io = &io_;
  const auto answer = [waiting = waiting_, weak = weak_from_this()](Result<Descriptor> socket) {
    const std::lock_guard lock(waiting->mutex);
    if (waiting->io == nullptr) return;
    asio::post(*waiting->io, [weak, waiting, socket = std::make_shared<Result<Descriptor>>(std::move(socket))] {
      const auto self = weak.lock();
      if (self && self->done_ && self->waiting_ == waiting) self->take(std::move(*socket));
    });
  };
  set_deadline(to);
  asked_ = target_.place.root->connect_later(to, target_.options.socket, answer);
}

void Connecting::ask_no_more() {
  asked_.reset();
  if (!waiting_) return;
  const std::lock_guard lock(waiting_->mutex);
  waiting_->io = nullptr;
}

/// What the thread of the root directory has found: a connected socket, or an error.
void Connecting::take(Result<Descriptor> socket) {
  if (!socket) return failed(std::move(socket.error()));
  auto stream = make_stream(io_, std::move(*socket));
  if (!stream) return failed(std::move(stream.error()));
  stream_ = std::move(*stream);
  connected();
}

void Connecting::connected() {
  deadline_.cancel();
  finish(std::exchange(stream_, nullptr));
}

void Connecting::failed(Error error) {
  last_error_ = std::move(error);
  stream_.reset();
  ask_no_more();
  deadline_.cancel();
  try_next();
}

void Connecting::finish(Result<std::shared_ptr<Stream>> result) { std::exchange(done_, nullptr)(std::move(result)); }

}  // namespace lastbyte::probe
