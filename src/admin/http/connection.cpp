#include "admin/http/connection.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <utility>

#include "admin/http/target.h"

namespace lastbyte::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;

constexpr unsigned kHttp11 = 11;
constexpr std::size_t kDiscarded = 64 * 1024;  ///< the most bytes read and discarded after the last request
constexpr std::chrono::seconds kLinger{2};

std::string text(std::string_view view) { return std::string(view); }

std::string field(const http::request<http::string_body>& message, http::field name) {
  const auto value = message[name];
  return {value.data(), value.size()};
}

template <typename Message>
void set_headers(Message& message, const Response& response) {
  if (!response.type.empty()) message.set(http::field::content_type, response.type);
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) message.set(name, value);
}

/// Checks the family: SO_PEERCRED also succeeds on a TCP socket, where it names nobody (net/core/sock.c sk_getsockopt).
std::optional<net::PeerCredentials> peer_of(int fd) {
  int family = 0;
  socklen_t length = sizeof family;
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length) != 0 || family != AF_UNIX) return std::nullopt;
  return net::peer_credentials(fd);
}

/// Responds to an unreadable request; nullopt: the client has gone, or sent nothing.
std::optional<Response> response_to(error_code error) {
  if (error == http::error::header_limit) return error_response(431, "the header is too large");
  if (error == http::error::body_limit) return error_response(413, "the body is too large");
  if (error == beast::error::timeout || error == http::error::end_of_stream || error == http::error::partial_message)
    return std::nullopt;
  if (error.category() == http::make_error_code(http::error::bad_method).category())
    return error_response(400, "not a request of HTTP/1: " + error.message());
  return std::nullopt;
}

}  // namespace

Connection::Connection(Stream stream, const Handler& handler, const Limits& limits, Callbacks callbacks)
    : stream_(std::move(stream)),
      handler_(handler),
      limits_(limits),
      callbacks_(std::move(callbacks)),
      buffer_(limits.header + limits.body) {}

Connection::~Connection() = default;

void Connection::start() { read(limits_.request); }

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  stream_.close();
  const auto self = shared_from_this();
  if (callbacks_.gone) callbacks_.gone(*this);
}

void Connection::read(std::chrono::milliseconds limit) {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.header));
  parser_->body_limit(limits_.body);
  stream_.expires_after(limit);
  idle_ = buffer_.size() == 0;
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
}

void Connection::on_read(error_code error) {
  idle_ = false;
  if (closed_) return;
  if (error) {
    auto response = response_to(error);
    return response ? write(std::move(*response), false, false) : close();
  }
  auto message = parser_->release();
  const std::string_view line(message.target().data(), message.target().size());
  auto target = parse_target(line);
  const bool head_only = message.method() == http::verb::head;
  if (!target) return write(error_response(400, "the target of the request is not a path"), false, head_only);
  Request request;
  request.method = std::string(message.method_string());
  request.target = text(line);
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  request.host = field(message, http::field::host);
  request.origin = field(message, http::field::origin);
  request.authorization = field(message, http::field::authorization);
  request.cookie = field(message, http::field::cookie);
  request.accept = field(message, http::field::accept);
  request.content_type = field(message, http::field::content_type);
  request.if_none_match = field(message, http::field::if_none_match);
  request.peer = peer_of(stream_.socket().native_handle());
  request.body = std::move(message.body());
  answer(std::move(request), message.keep_alive(), head_only);
}

void Connection::answer(Request request, bool keep_alive, bool head_only) {
  stream_.expires_never();
  struct Pending {
    explicit Pending(const Stream::executor_type& executor) : timer(executor) {}
    asio::steady_timer timer;
    bool answered = false;
  };
  auto pending = std::make_shared<Pending>(stream_.get_executor());
  const std::weak_ptr<Connection> weak = weak_from_this();
  const auto give = [weak, pending, keep_alive, head_only](Response response) {
    const auto self = weak.lock();
    if (!self || self->closed_ || std::exchange(pending->answered, true)) return;
    pending->timer.cancel();
    self->write(std::move(response), keep_alive, head_only);
  };
  pending->timer.expires_after(limits_.response);
  // Holds the connection, which has no other owner while the handler works.
  pending->timer.async_wait([self = shared_from_this(), give](error_code error) {
    if (!error) give(error_response(503, "no answer in time"));
  });
  handler_(std::move(request), [executor = stream_.get_executor(), give](Response response) {
    asio::post(executor, [give, response = std::move(response)]() mutable { give(std::move(response)); });
  });
}

/// A response, and how much of it has been written.
template <typename Body>
struct Connection::Writing {
  Writing(http::response<Body> message_, bool keep_alive_)
      : message(std::move(message_)), serializer(message), keep_alive(keep_alive_) {}
  http::response<Body> message;
  http::response_serializer<Body> serializer;
  bool keep_alive;
};

/// Writes one part at a time. Each part gets the whole time limit.
template <typename Body>
void Connection::write_on(std::shared_ptr<Writing<Body>> writing) {
  stream_.expires_after(limits_.write);
  auto& serializer = writing->serializer;
  http::async_write_some(stream_, serializer,
                         [self = shared_from_this(), writing = std::move(writing)](error_code error, std::size_t) {
                           if (error || self->closed_) return self->close();
                           if (!writing->serializer.is_done()) return self->write_on(writing);
                           self->write_since_.reset();
                           writing->keep_alive ? self->read(self->limits_.idle) : self->finish();
                         });
}

void Connection::write(Response response, bool keep_alive, bool head_only) {
  if (response.stream && !head_only) {
    if (callbacks_.may_stream()) return begin_stream(std::move(response));
    response = error_response(503, "too many readers of events; end one of them");
  }
  write_since_ = Clock::now();
  const auto write_message = [&]<typename Body>(http::response<Body> message) {
    write_on(std::make_shared<Writing<Body>>(std::move(message), keep_alive));
  };
  const auto status = static_cast<http::status>(response.status);
  if (head_only || response.status == 204 || response.status == 304) {
    http::response<http::empty_body> message(status, kHttp11);
    set_headers(message, response);
    message.keep_alive(keep_alive);
    if (head_only) message.content_length(response.body.size());
    return write_message(std::move(message));
  }
  http::response<http::string_body> message(status, kHttp11, std::move(response.body));
  set_headers(message, response);
  message.keep_alive(keep_alive);
  message.prepare_payload();
  write_message(std::move(message));
}

/// Ends the response by closing the connection, so that no chunk needs a length. The client's FIN ends the stream. A
/// client that has closed its socket sends nothing else until the next write, which may never come.
void Connection::begin_stream(Response response) {
  streams_ = true;
  // Before the first write, which must not inherit the time limit of the read.
  stream_.expires_never();
  buffer_.clear();
  discard(kDiscarded);
  http::response<http::empty_body> message(static_cast<http::status>(response.status), kHttp11);
  set_headers(message, response);
  message.set(http::field::connection, "close");
  std::ostringstream header;
  header << message.base();
  send(std::move(header).str());
  response.stream(shared_from_this());
}

bool Connection::send(std::string text) {
  if (closed_ || queued_.size() + text.size() > kMost) return false;
  queued_ += text;
  if (writing_.empty()) write_queued();
  return true;
}

void Connection::write_queued() {
  if (queued_.empty()) return;
  writing_.swap(queued_);
  write_part();
}

void Connection::write_part() {
  stream_.expires_after(limits_.write);
  stream_.async_write_some(asio::buffer(writing_), [self = shared_from_this()](error_code error, std::size_t written) {
    if (error || self->closed_) return self->close();
    self->writing_.erase(0, written);
    if (!self->writing_.empty()) return self->write_part();
    self->stream_.expires_never();
    self->write_queued();
  });
}

/// Sends a FIN, then reads for a moment what the client still sends: a close with unread input would reset the
/// response.
void Connection::finish() {
  ::shutdown(stream_.socket().native_handle(), SHUT_WR);
  stream_.expires_after(kLinger);
  buffer_.clear();
  discard(kDiscarded);
}

void Connection::discard(std::size_t left) {
  if (left == 0 || closed_) return close();
  auto room = buffer_.prepare(4096);
  stream_.async_read_some(room, [self = shared_from_this(), left](error_code error, std::size_t got) {
    if (error) return self->close();
    self->discard(left - std::min(left, got));
  });
}

}  // namespace lastbyte::admin
