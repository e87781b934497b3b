// One client of a door: reads requests one after another and writes their responses. Only for the server's thread.
//
// Theory of operation. A request's header and body have bounded sizes. The request must be complete within a time
// limit, which begins when the connection waits for it. Otherwise the client gets an error and the connection closes. A
// response takes as long as the client reads it, but the client must make progress. If the door is full, a new client
// displaces one whose response takes long. The connection reads the next request, which may already be in the buffer
// (pipelining), after it has written the response. A close lingers for a moment, so that unread input does not reset
// the response (T6).
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "admin/http/message.h"
#include "admin/http/outlet.h"
#include "base/time.h"

namespace lastbyte::admin {

struct Limits {
  std::chrono::milliseconds request{10'000};   ///< from the accept to the end of the first request
  std::chrono::milliseconds idle{30'000};      ///< from a response to the end of the next request
  std::chrono::milliseconds response{10'000};  ///< the handler's time
  std::chrono::milliseconds write{30'000};     ///< time in which the client takes no byte
  std::size_t header = 8 * 1024;               ///< bytes
  std::size_t body = 64 * 1024;
};

class Connection : public std::enable_shared_from_this<Connection>, public Outlet {
 public:
  using Stream =
      boost::beast::basic_stream<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type>;

  /// The callbacks of the connection's door.
  struct Callbacks {
    std::function<void(Connection&)> gone;  ///< called once, after the connection has closed
    std::function<bool()> may_stream;       ///< whether the door has room for another response without an end
  };
  Connection(Stream stream, const Handler& handler, const Limits& limits, Callbacks callbacks);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// Closes the connection at once.
  void close();
  /// Whether the connection waits for a request, and none of it had come when the wait began. A client that sends a
  /// request byte by byte stays idle.
  [[nodiscard]] bool idle() const { return idle_; }
  /// Whether a response has taken longer than the time limit for progress.
  [[nodiscard]] bool slow(TimePoint now) const {
    return !streams_ && write_since_ && now - *write_since_ > limits_.write;
  }
  /// Whether its response has no end.
  [[nodiscard]] bool streams() const { return streams_; }

  bool send(std::string text) override;
  [[nodiscard]] bool open() const override { return !closed_; }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void read(std::chrono::milliseconds limit);
  void on_read(boost::beast::error_code error);
  void answer(Request request, bool keep_alive, bool head_only);
  void write(Response response, bool keep_alive, bool head_only);
  template <typename Body>
  struct Writing;
  template <typename Body>
  void write_on(std::shared_ptr<Writing<Body>> writing);
  void begin_stream(Response response);
  void write_queued();
  void write_part();
  void finish();
  void discard(std::size_t left);

  Stream stream_;
  const Handler& handler_;
  const Limits& limits_;
  Callbacks callbacks_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::string queued_;  ///< stream: waits behind `writing_`
  std::string writing_;
  std::optional<TimePoint> write_since_;
  bool streams_ = false;
  bool idle_ = false;
  bool closed_ = false;
};

}  // namespace lastbyte::admin
