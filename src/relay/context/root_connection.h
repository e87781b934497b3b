// A connection to a path in another root directory, made by that root's thread while a session waits for it.
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
  /// Asks for it. `arrived` is called from the worker's mail once the outcome is here, and never after the end of this
  /// object. All but the connecting itself is on the worker's thread.
  RootConnection(net::RootThread& root, const net::Address& to, const net::SocketOptions& options,
                 std::shared_ptr<loop::Mailbox> mailbox, std::function<void()> arrived);
  /// Gives it up.
  ~RootConnection();
  RootConnection(const RootConnection&) = delete;
  RootConnection& operator=(const RootConnection&) = delete;

  /// The outcome, once; nullopt: it is not here.
  std::optional<Result<Descriptor>> take();

 private:
  struct Outcome {
    std::function<void()> arrived;  ///< empty: the session no longer waits
    std::optional<Result<Descriptor>> result;
  };
  std::shared_ptr<Outcome> outcome_;  ///< the mail's too
  std::unique_ptr<net::RootThread::Connection> asked_;
};

}  // namespace lastbyte::relay
