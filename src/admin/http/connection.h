// One client of a door: reads requests, one after the other, and writes their responses. The server's thread alone.
//
// Theory of operation. A request must be complete within a time limit that begins when the connection waits for it, in
// headers and a body of bounded size; a request that is not is answered with an error, and the connection closed. The
// next request, which may be in the buffer already (pipelining), is read once the response is written. A close lingers
// for a moment, so that unread input does not reset the response on its way (T6).
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

namespace lastbyte::admin {

struct Limits {
  std::chrono::milliseconds request{10'000};   ///< from the accept to the end of the first request
  std::chrono::milliseconds idle{30'000};      ///< from a response to the end of the next request
  std::chrono::milliseconds response{10'000};  ///< for the handler
  std::chrono::milliseconds write{30'000};     ///< without a byte that the client takes
  std::size_t header = 8 * 1024;               ///< bytes
  std::size_t body = 64 * 1024;
};

class Connection : public std::enable_shared_from_this<Connection>, public Outlet {
 public:
  using Stream =
      boost::beast::basic_stream<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type>;

  /// `gone`: called once, when the connection is closed.
  Connection(Stream stream, const Handler& handler, const Limits& limits, std::function<void(Connection&)> gone);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// Closes it at once.
  void close();
  /// It waits for a request, and nothing of one is there yet.
  [[nodiscard]] bool idle() const { return idle_; }

  bool send(std::string text) override;
  [[nodiscard]] bool open() const override { return !closed_; }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void read(std::chrono::milliseconds limit);
  void on_read(boost::beast::error_code error);
  void answer(Request request, bool keep_alive, bool head_only);
  void write(Response response, bool keep_alive, bool head_only);
  void begin_stream(Response response);
  void write_queued();
  void finish();
  void discard(std::size_t left);

  Stream stream_;
  const Handler& handler_;
  const Limits& limits_;
  std::function<void(Connection&)> gone_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::shared_ptr<void> response_;  ///< what is being written
  std::string queued_;              ///< of a stream: waits behind `writing_`
  std::string writing_;
  bool streams_ = false;
  bool idle_ = false;
  bool closed_ = false;
};

}  // namespace lastbyte::admin
