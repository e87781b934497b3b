// A thread that lives in a network namespace and works there for other threads. It runs functions and makes sockets.
// The sockets belong to its namespace and can be used from anywhere.
//
// Theory of operation. Entering needs CAP_SYS_ADMIN, which the process drops before its first client. One thread
// therefore enters at the start and stays. Each session needs a socket, and handing over one at a time would cost every
// session two thread switches. The thread therefore keeps a few sockets of each kind ready, and is woken when half are
// gone.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::net {

class NamespaceThread {
 public:
  /// Starts the thread, which enters `opened` and never leaves; it takes no signals. `name` is for messages. Needs
  /// CAP_SYS_ADMIN now, and never again.
  static Result<std::shared_ptr<NamespaceThread>> enter(Descriptor opened, const std::string& name);
  /// Ends the thread and waits for its end.
  ~NamespaceThread();
  NamespaceThread(const NamespaceThread&) = delete;
  NamespaceThread& operator=(const NamespaceThread&) = delete;

  /// The descriptor of the namespace.
  [[nodiscard]] const Descriptor& opened() const;

  /// Runs a function inside and returns when it is done; its exceptions come out here. Any thread but this one may call
  /// it. Nobody gets a new socket meanwhile, so the function should be short.
  void run(const std::function<void()>& function);

  /// Announces requests for sockets of that kind (AF_INET, SOCK_STREAM): the next fill() makes kStock of them ready.
  void expect(int family, int type);
  /// Makes the missing sockets of the announced kinds. Call it only after privileges are dropped: a socket belongs to
  /// the user who makes it.
  void fill();
  /// The largest number of descriptors held.
  [[nodiscard]] std::size_t most_descriptors() const;

  /// Returns a socket of that kind, non-blocking and close-on-exec. If none is ready, it waits some microseconds for
  /// one; after a second it fails with EAGAIN. Otherwise it fails with the error of socket(2). Any thread but this one
  /// may call it.
  Result<Descriptor> take(int family, int type);

  static constexpr std::size_t kStock = 16;

 private:
  class Impl;
  explicit NamespaceThread(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Calls socket(2), non-blocking and close-on-exec, in the namespace of `inside`; null: the calling thread's.
Result<Descriptor> make_socket(int family, int type, NamespaceThread* inside);

}  // namespace lastbyte::net
