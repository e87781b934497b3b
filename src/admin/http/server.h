// An HTTP server on a thread of its own, with any number of doors: listening sockets that each have a handler.
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

/// A listening socket that operators connect to.
struct Door {
  std::vector<Descriptor> listening;  ///< TCP or UNIX, non-blocking
  Handler handler;
  /// At a time; half of them may have responses without an end. A further one closes the one that has been idle the
  /// longest, or else the one that takes the longest over a response, if that is longer than Limits::write.
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

  /// Before start().
  void add(Door door);
  /// Before start(): calls `work` on the server's thread, over and over, with a pause of `interval` in between.
  void repeat(std::chrono::milliseconds interval, std::function<void()> work);
  /// Begins the thread, which takes no signals.
  Result<void> start();
  /// Ends the thread; nothing is answered any more. Whatever handlers refer to may go then.
  void stop();
  /// From any thread, until stop(): `work` is done on the server's thread.
  void post(std::function<void()> work);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::admin
