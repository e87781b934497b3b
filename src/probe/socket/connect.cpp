#include "probe/socket/connect.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
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

Connecting::Connecting(asio::io_context& io, Target target, Duration timeout)
    : io_(io), target_(std::move(target)), timeout_(timeout), deadline_(io) {}

void Connecting::start(Done done) {
  done_ = std::move(done);
  asio::post(io_, [self = shared_from_this()] {
    if (self->done_) self->try_next();
  });
}

void Connecting::cancel() {
  done_ = nullptr;
  deadline_.cancel();
  error_code ignored;
  if (stream_) stream_->close(ignored);
}

void Connecting::try_next() {
  if (next_ == target_.addresses.size())
    return finish(Failure(last_error_.value_or(Error{"check", 0, "the member has no address"})));
  const net::Address& to = target_.addresses[next_++];
  const auto transport = to.is_unix() ? net::Transport::unix_stream : net::Transport::tcp;
  auto connecting =
      net::start_connecting(transport, to, source_towards(to, target_.options), target_.options, {}, nullptr);
  if (!connecting) return failed(std::move(connecting.error()));
  auto stream = make_stream(io_, std::move(connecting->socket));
  if (!stream) return failed(std::move(stream.error()));
  stream_ = std::move(*stream);
  if (connecting->connected) return connected();
  deadline_.expires_after(timeout_);
  deadline_.async_wait([self = shared_from_this(), stream = stream_, what = operation(to)](const error_code& error) {
    if (error || !self->done_ || self->stream_ != stream) return;
    error_code ignored;
    stream->close(ignored);
    self->failed(Error{what, ETIMEDOUT, {}});
  });
  stream_->async_wait(Stream::wait_write,
                      [self = shared_from_this(), stream = stream_, what = operation(to)](const error_code& error) {
                        if (error || !self->done_ || self->stream_ != stream) return;
                        const int code = net::take_error(stream->native_handle());
                        if (code == 0) return self->connected();
                        self->failed(Error{what, code, {}});
                      });
}

void Connecting::connected() {
  deadline_.cancel();
  finish(std::exchange(stream_, nullptr));
}

void Connecting::failed(Error error) {
  last_error_ = std::move(error);
  stream_.reset();
  deadline_.cancel();
  try_next();
}

void Connecting::finish(Result<std::shared_ptr<Stream>> result) { std::exchange(done_, nullptr)(std::move(result)); }

}  // namespace lastbyte::probe
