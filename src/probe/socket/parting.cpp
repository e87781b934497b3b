#include "probe/socket/parting.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace lastbyte::probe {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

/// Reads and drops data until the peer's FIN, an error, or the end of its time.
class Parting : public std::enable_shared_from_this<Parting> {
 public:
  explicit Parting(std::shared_ptr<Stream> stream) : stream_(std::move(stream)), deadline_(stream_->get_executor()) {}

  void start(Duration patience) {
    ::shutdown(stream_->native_handle(), SHUT_WR);
    deadline_.expires_after(patience);
    deadline_.async_wait([self = shared_from_this()](const error_code& error) {
      error_code ignored;
      if (!error) self->stream_->close(ignored);
    });
    read();
  }

 private:
  void read() {
    stream_->async_read_some(asio::buffer(bytes_), [self = shared_from_this()](const error_code& error, std::size_t) {
      if (!error) return self->read();
      self->deadline_.cancel();
      error_code ignored;
      self->stream_->close(ignored);
    });
  }

  std::shared_ptr<Stream> stream_;
  asio::steady_timer deadline_;
  std::array<char, 4096> bytes_{};
};

}  // namespace

Result<std::shared_ptr<Stream>> make_stream(asio::io_context& io, Descriptor socket) {
  auto stream = std::make_shared<Stream>(io);
  error_code error;
  stream->assign(socket.get(), error);
  if (error) return failure("wait for a socket", error.value());
  static_cast<void>(socket.release());
  return stream;
}

void part(std::shared_ptr<Stream> stream, Duration patience) {
  std::make_shared<Parting>(std::move(stream))->start(patience);
}

}  // namespace lastbyte::probe
