// An HTTP server on a thread of its own, with any number of doors. A door is a set of listening sockets with a handler.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/http/connection.h"
#include "admin/http/message.h"
#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::admin {

/// One set of sockets that operators connect to.
struct Door {
  std::vector<Descriptor> listening;  ///< TCP or UNIX, non-blocking
  Handler handler;
  /// The most connections at a time; half of them may have responses without an end. One more client closes the
  /// connection that has been idle the longest. If none is idle, it closes the slowest response that exceeds
  /// Limits::write.
  std::size_t connections = 16;
  Limits limits = {};
};

class Server {
 public:
  Server();
  /// Ends the thread and closes everything.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Call it before start().
  void add(Door door);
  /// Makes the server's thread call `work` repeatedly, with a pause of `interval` between calls. Call it before
  /// start().
  void repeat(std::chrono::milliseconds interval, std::function<void()> work);
  /// Starts the thread, which takes no signals.
  Result<void> start();
  /// Ends the thread; no request is answered any more. Afterwards the objects of handlers may be destroyed.
  void stop();
  /// Runs `work` on the server's thread. Any thread may call it, until stop().
  void post(std::function<void()> work);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::admin
