// Runs getaddrinfo(3), which blocks, on helper threads. There are at most eight. A look-up starts a helper, and the
// helper ends when no look-up is left.
//
// A look-up cannot be interrupted, and the machine's resolver decides how long it takes. So no thread waits for a
// helper, not even at the end of the process.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::probe::dns {

class SystemLookups {
 public:
  using Done = std::function<void(Result<std::vector<net::Address>>)>;
  using LookUp = std::function<Result<std::vector<net::Address>>(const std::string& host)>;

  /// `done` of start() is called on the thread that runs `io`. `look_up` is for tests.
  explicit SystemLookups(boost::asio::io_context& io, LookUp look_up = {});
  /// Drops the look-ups in progress.
  ~SystemLookups();
  SystemLookups(const SystemLookups&) = delete;
  SystemLookups& operator=(const SystemLookups&) = delete;

  /// Call it on the thread that runs `io`. The helper has the privileges of that thread.
  void start(std::string host, Done done);

  static constexpr std::size_t kMostThreads = 8;

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< shared with the helpers
};

}  // namespace lastbyte::probe::dns
