#include "proxy/demo/origin.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/signals.h"

namespace lastbyte::proxy {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using beast::error_code;

constexpr std::uint64_t kMegabyte = 1'000'000;
constexpr std::uint64_t kLargestBody = 16 * kMegabyte;
constexpr std::uint64_t kLargestPage = 10'000;  ///< megabytes
constexpr std::size_t kEchoHeld = 1 << 20;
constexpr std::chrono::minutes kPatience{2};

constexpr std::string_view kPage =
    "lastbyte's own origin. Try:\n"
    "  GET /big/100    a hundred megabytes\n"
    "  PUT or POST     gives the body back\n";

enum class Speaks { unknown, http, something_else };

Speaks language(std::string_view start) {
  for (const std::string_view method : {"GET ", "HEAD ", "POST ", "PUT ", "PATCH ", "DELETE ", "OPTIONS "}) {
    if (start.starts_with(method)) return Speaks::http;
    if (method.starts_with(start)) return Speaks::unknown;
  }
  return Speaks::something_else;
}

/// Returns the N of "/big/N"; 100 for "/big".
std::optional<std::uint64_t> megabytes(std::string_view target) {
  if (target == "/big") return 100;
  if (!target.starts_with("/big/")) return std::nullopt;
  target.remove_prefix(5);
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(target.data(), target.data() + target.size(), count);
  if (error != std::errc() || end != target.data() + target.size() || count > kLargestPage) return std::nullopt;
  return count;
}

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  explicit Connection(tcp::socket socket) : stream_(std::move(socket)) {}

  void find_language() {
    const auto held = text();
    const Speaks speaks = held.empty() ? Speaks::unknown : language(held);
    if (speaks == Speaks::http) return read_head();
    if (speaks == Speaks::something_else) return echo();
    read_more([](Connection& self, bool ended) {
      if (ended) return self.echo_rest();
      self.find_language();
    });
  }

 private:
  [[nodiscard]] std::string_view text() const {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
  }

  template <typename Next>
  void read_more(Next next) {
    stream_.expires_after(kPatience);
    stream_.async_read_some(buffer_.prepare(64 * 1024),
                            [self = shared_from_this(), next](const error_code& error, std::size_t count) {
                              self->buffer_.commit(count);
                              if (error && error != asio::error::eof) return;
                              next(*self, error == asio::error::eof);
                            });
  }

  template <typename Next>
  void write_held(Next next) {
    stream_.expires_after(kPatience);
    asio::async_write(stream_, buffer_.data(),
                      [self = shared_from_this(), next](const error_code& error, std::size_t count) {
                        self->buffer_.consume(count);
                        if (!error) next(*self);
                      });
  }

  void echo() {
    if (buffer_.size() >= kEchoHeld) return write_held([](Connection& self) { self.echo(); });
    read_more([](Connection& self, bool ended) { ended ? self.echo_rest() : self.echo(); });
  }

  void echo_rest() {
    write_held([](Connection& self) { self.end(); });
  }

  void read_head() {
    parser_.emplace();
    parser_->body_limit(kLargestBody);
    stream_.expires_after(kPatience);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (error) return self->refuse(error);
                              self->read_body();
                            });
  }

  void read_body() {
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
      answer_ = {http::status::continue_, parser_->get().version()};
      stream_.expires_after(kPatience);
      http::async_write(stream_, answer_, [self = shared_from_this()](const error_code& error, std::size_t) {
        if (!error) self->read_rest_of_body();
      });
    } else {
      read_rest_of_body();
    }
  }

  void read_rest_of_body() {
    stream_.expires_after(kPatience);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](const error_code& error, std::size_t) {
      if (error) return self->refuse(error);
      self->answer();
    });
  }

  void refuse(const error_code& error) {
    if (error == http::error::end_of_stream) return end();
    if (error == http::error::body_limit) return reply(http::status::payload_too_large, "more than 16 MB\n", false);
    if (error.category() == http::make_error_code(http::error::bad_method).category())
      reply(http::status::bad_request, "not understood\n", false);
  }

  void answer() {
    const auto& request = parser_->get();
    const bool goes_on = request.keep_alive();
    switch (request.method()) {
      case http::verb::post:
      case http::verb::put: return reply(http::status::ok, std::string(request.body()), goes_on);
      case http::verb::get:
      case http::verb::head: break;
      default: return reply(http::status::method_not_allowed, "GET, HEAD, POST or PUT\n", goes_on);
    }
    if (request.target() == "/") return reply(http::status::ok, std::string(kPage), goes_on);
    const auto count = megabytes({request.target().data(), request.target().size()});
    if (!count) return reply(http::status::not_found, "there is / and /big/N, N up to 10000\n", goes_on);
    big_left_ = *count * kMegabyte;
    reply(http::status::ok, {}, goes_on, big_left_);
  }

  /// `length`: the Content-Length, if the body follows the head piece by piece.
  void reply(http::status status, std::string body, bool goes_on, std::optional<std::uint64_t> length = {}) {
    const bool head_only = parser_->is_header_done() && parser_->get().method() == http::verb::head;
    answer_ = {status, 11};
    answer_.set(http::field::server, "lastbyte-demo");
    answer_.set(http::field::content_type, "text/plain");
    answer_.keep_alive(goes_on);
    answer_.content_length(length.value_or(body.size()));
    if (!head_only) answer_.body() = std::move(body);
    if (head_only) big_left_ = 0;
    serializer_.emplace(answer_);
    serializer_->split(head_only || length.has_value());
    stream_.expires_after(kPatience);
    const auto next = [self = shared_from_this(), goes_on](const error_code& error, std::size_t) {
      if (error) return;
      self->send_big(goes_on);
    };
    if (serializer_->split()) {
      http::async_write_header(stream_, *serializer_, next);
    } else {
      http::async_write(stream_, *serializer_, next);
    }
  }

  void send_big(bool goes_on) {
    static const std::string piece(256 * 1024, '.');
    if (big_left_ == 0) return goes_on ? read_head() : end();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(big_left_, piece.size()));
    stream_.expires_after(kPatience);
    asio::async_write(stream_, asio::buffer(piece.data(), size),
                      [self = shared_from_this(), goes_on](const error_code& error, std::size_t count) {
                        if (error) return;
                        self->big_left_ -= count;
                        self->send_big(goes_on);
                      });
  }

  /// Closes at once, even if the client still sends: a forwarder must handle that.
  void end() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.close();
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> answer_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::uint64_t big_left_ = 0;
};

}  // namespace

class Origin::Impl {
 public:
  Impl() : acceptor_(io_), pause_(io_) {}
  ~Impl() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start() {
    error_code error;
    const tcp::endpoint any_port(asio::ip::address_v4::loopback(), 0);
    acceptor_.open(any_port.protocol(), error);
    if (!error) acceptor_.bind(any_port, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_.local_endpoint(error).port();
    if (error) return failure("start the demo's origin on 127.0.0.1", error.value());
    accept();
    thread_ = std::thread([this] {
      block_all_signals();
      io_.run();
    });
    return {};
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (!error) {
        std::make_shared<Connection>(std::move(socket))->find_language();
        return accept();
      }
      // Probably out of descriptors: trying again at once would spin.
      pause_.expires_after(std::chrono::milliseconds(100));
      pause_.async_wait([this](const error_code& cancelled) {
        if (!cancelled) accept();
      });
    });
  }

  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

Result<std::unique_ptr<Origin>> Origin::start() {
  auto impl = std::make_unique<Impl>();
  if (auto started = impl->start(); !started) return Failure(started.error());
  return std::unique_ptr<Origin>(new Origin(std::move(impl)));
}

Origin::Origin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Origin::~Origin() = default;
std::uint16_t Origin::port() const { return impl_->port(); }

}  // namespace lastbyte::proxy
