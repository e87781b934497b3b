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
#include "probe/socket/place.h"

namespace lastbyte::probe {

/// The current addresses of a member.
struct Target {
  std::string host;                     ///< for the HTTP request
  std::vector<net::Address> addresses;  ///< tried in this order, each with its port; also UNIX
  net::ConnectOptions options;
  Place place = {};
};

/// Tries one address after another, each for `timeout`. At the end, `done` is called once with the connected stream or
/// the last error, later than start(). The object keeps itself alive until then. cancel() ends it without a call.
class Connecting : public std::enable_shared_from_this<Connecting> {
 public:
  using Done = std::function<void(Result<std::shared_ptr<Stream>>)>;

  Connecting(boost::asio::io_context& io, Target target, Duration timeout);
  ~Connecting();
  Connecting(const Connecting&) = delete;
  Connecting& operator=(const Connecting&) = delete;
  void start(Done done);
  void cancel();

 private:
  struct Waiting;

  void try_next();
  void set_deadline(const net::Address& to);
  void ask_root(const net::Address& to);
  void take(Result<Descriptor> socket);
  void ask_no_more();
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
  std::shared_ptr<Waiting> waiting_;  ///< for the thread of the root directory; shared with it
  std::unique_ptr<net::RootThread::Connection> asked_;
  std::optional<Error> last_error_;
};

}  // namespace lastbyte::probe
