// A connection to a path in another root directory. That root's thread makes it while a session waits.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/descriptor.h"
#include "base/result.h"
#include "loop/mailbox.h"
#include "net/unix/root_thread.h"

namespace lastbyte::relay {

class RootConnection {
 public:
  /// Requests the connection. `arrived` is called from the worker's mailbox once the outcome is known, but never after
  /// this object is destroyed. Everything except the connecting itself runs on the worker's thread.
  RootConnection(net::RootThread& root, const net::Address& to, const net::SocketOptions& options,
                 std::shared_ptr<loop::Mailbox> mailbox, std::function<void()> arrived);
  /// Cancels the request.
  ~RootConnection();
  RootConnection(const RootConnection&) = delete;
  RootConnection& operator=(const RootConnection&) = delete;

  /// Returns the outcome once; nullopt: it is not known yet, or was taken.
  std::optional<Result<Descriptor>> take();

 private:
  struct Outcome {
    std::function<void()> arrived;  ///< empty: the session no longer waits
    std::optional<Result<Descriptor>> result;
  };
  std::shared_ptr<Outcome> outcome_;  ///< shared with the message to the mailbox
  std::unique_ptr<net::RootThread::Connection> asked_;
};

}  // namespace lastbyte::relay
