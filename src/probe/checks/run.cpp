#include "probe/checks/run.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cerrno>
#include <string>
#include <utility>

#include "base/text.h"
#include "probe/socket/parting.h"

namespace lastbyte::probe::checks {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Kind = upstream::Check::Kind;

constexpr std::size_t kMostKept = 64 * 1024;  ///< bytes of an answer kept while the check looks for the expected ones
constexpr std::size_t kLongestLine = 1024;    ///< bytes of an agent's line
constexpr Duration kPartingPatience{5'000};

}  // namespace

class Run::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, const upstream::Check& check, Target target, std::function<void(Outcome)> done)
      : check_(check),
        host_(check.host.empty() ? target.host : check.host),
        done_(std::move(done)),
        deadline_(io),
        connecting_(std::make_shared<Connecting>(io, std::move(target), check.timeout)),
        began_(Clock::now()) {}

  void start() {
    connecting_->start([self = shared_from_this()](Result<std::shared_ptr<Stream>> stream) {
      if (!self->done_) return;
      if (!stream) return self->finish(false, stream.error().text());
      self->stream_ = std::move(*stream);
      self->connected();
    });
  }

  void cancel() {
    done_ = nullptr;
    connecting_->cancel();
    deadline_.cancel();
    if (stream_) part_with_it();
  }

 private:
  void connected() {
    if (check_.kind == Kind::tcp) return finish(true, "connected");
    deadline_.expires_after(check_.timeout);
    deadline_.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || !self->done_) return;
      self->finish(false, "no answer within " + std::to_string(self->check_.timeout.count()) + " ms");
    });
    out_ = check_.kind == Kind::http ? http_request(check_, host_) : check_.send;
    if (out_.empty()) return converse();
    asio::async_write(*stream_, asio::buffer(out_), [self = shared_from_this()](const error_code& error, std::size_t) {
      if (!self->done_) return;
      if (error) return self->finish(false, "write: " + error.message());
      self->converse();
    });
  }

  void converse() {
    switch (check_.kind) {
      case Kind::tcp:
      case Kind::heartbeat: return finish(true, "connected");
      case Kind::expect: return check_.expect.empty() ? finish(true, "connected, and sent") : read_more();
      case Kind::agent: return read_more();
      case Kind::http: return read_head();
    }
  }

  void read_more() {
    stream_->async_read_some(
        asio::buffer(bytes_), [self = shared_from_this()](const error_code& error, std::size_t count) {
          if (!self->done_) return;
          self->in_.append(self->bytes_.data(), count);
          self->check_.kind == Kind::agent ? self->look_for_line(error) : self->look_for_expected(error);
        });
  }

  void look_for_expected(const error_code& error) {
    if (in_.find(check_.expect) != std::string::npos) return finish(true, "the answer has the expected bytes");
    if (error == asio::error::eof) return finish(false, "the answer ended without the expected bytes");
    if (error) return finish(false, "read: " + error.message());
    // Keep the last bytes: they can be the beginning of the expected bytes.
    if (in_.size() > kMostKept + check_.expect.size()) in_.erase(0, in_.size() - check_.expect.size());
    read_more();
  }

  void look_for_line(const error_code& error) {
    const bool ended = error == asio::error::eof;
    if (in_.find_first_of("\r\n") == std::string::npos && !ended) {
      if (error) return finish(false, "read: " + error.message());
      if (in_.size() > kLongestLine) return finish(false, "the agent's line is longer than 1,024 bytes");
      return read_more();
    }
    Outcome outcome;
    outcome.agent = read_agent_line(in_);
    const std::string said = "the agent said '" + printable(in_.substr(0, in_.find_first_of("\r\n"))) + "'";
    outcome.passed = outcome.agent.says_something() && outcome.agent.up.value_or(true);
    outcome.definite = outcome.agent.up.has_value();
    outcome.detail = outcome.agent.says_something() ? said : said + "; expected up, down, drain, maint, ready or N%";
    finish(std::move(outcome));
  }

  void read_head() {
    parser_.emplace();
    beast::http::async_read_header(
        *stream_, buffer_, *parser_, [self = shared_from_this()](const error_code& error, std::size_t) {
          if (!self->done_) return;
          if (error) return self->finish(false, "HTTP answer: " + error.message());
          const auto status = self->parser_->get().result_int();
          self->finish(status >= self->check_.status_from && status <= self->check_.status_to,
                       "HTTP status " + std::to_string(status));
        });
  }

  void finish(bool passed, std::string detail) { finish({.passed = passed, .detail = std::move(detail)}); }

  void finish(Outcome outcome) {
    outcome.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_);
    deadline_.cancel();
    if (stream_) part_with_it();
    std::exchange(done_, nullptr)(std::move(outcome));
  }

  void part_with_it() {
    // cancel() ends the operations of this check. part() continues to read the stream.
    stream_->cancel();
    part(std::exchange(stream_, nullptr), kPartingPatience);
  }

  upstream::Check check_;
  std::string host_;
  std::function<void(Outcome)> done_;
  asio::steady_timer deadline_;
  std::shared_ptr<Connecting> connecting_;
  std::shared_ptr<Stream> stream_;
  TimePoint began_;
  std::string out_;
  std::string in_;
  std::array<char, 4096> bytes_{};
  beast::flat_buffer buffer_;
  std::optional<beast::http::response_parser<beast::http::empty_body>> parser_;
};

Run::Run(asio::io_context& io, const upstream::Check& check, Target target, std::function<void(Outcome)> done)
    : impl_(std::make_shared<Impl>(io, check, std::move(target), std::move(done))) {
  impl_->start();
}

Run::~Run() { impl_->cancel(); }

std::string http_request(const upstream::Check& check, const std::string& host) {
  return "GET " + check.path + " HTTP/1.1\r\nHost: " + host +
         "\r\nUser-Agent: lastbyte\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

}  // namespace lastbyte::probe::checks
