// Connects the socket of a probe to the first address that accepts it. On the thread that runs the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/address/endpoint.h"
#include "net/socket/options.h"
#include "probe/socket/parting.h"

namespace lastbyte::probe {

/// The current addresses of a member.
struct Target {
  std::string host;                     ///< for the HTTP request
  std::vector<net::Address> addresses;  ///< tried in this order, each with its port; also UNIX
  net::ConnectOptions options;
};

/// Tries one address after another, each for `timeout`. At the end, `done` is called once with the connected stream or
/// the last error, later than start(). The object keeps itself alive until then. cancel() ends it without a call.
class Connecting : public std::enable_shared_from_this<Connecting> {
 public:
  using Done = std::function<void(Result<std::shared_ptr<Stream>>)>;

  Connecting(boost::asio::io_context& io, Target target, Duration timeout);
  void start(Done done);
  void cancel();

 private:
  void try_next();
  void connected();
  void failed(Error error);
  void finish(Result<std::shared_ptr<Stream>> result);

  boost::asio::io_context& io_;
  Target target_;
  Duration timeout_;
  boost::asio::steady_timer deadline_;
  Done done_;
  std::size_t next_ = 0;
  std::shared_ptr<Stream> stream_;
  std::optional<Error> last_error_;
};

}  // namespace lastbyte::probe
