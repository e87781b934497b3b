// A thread that lives in a network namespace and works there for those who do not: it runs functions, and makes
// sockets, which belong to the namespace that they were made in and are used from anywhere.
//
// Theory of operation. Entering needs CAP_SYS_ADMIN, which the process gives up before its first client. So one thread
// goes in at the start and stays. Sessions need a socket each, and a hand-over of one at a time would cost every
// session two switches between threads: so a few of each kind are kept ready, and the thread is woken when half are
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
  /// CAP_SYS_ADMIN, now and never again.
  static Result<std::shared_ptr<NamespaceThread>> enter(Descriptor opened, const std::string& name);
  /// Ends the thread, and waits for that.
  ~NamespaceThread();
  NamespaceThread(const NamespaceThread&) = delete;
  NamespaceThread& operator=(const NamespaceThread&) = delete;

  /// Of the namespace.
  [[nodiscard]] const Descriptor& opened() const;

  /// Runs a function inside and returns when it is done; what it throws comes out here. From any thread but this one.
  /// Nobody gets a new socket meanwhile, so it should be done soon.
  void run(const std::function<void()>& function);

  /// Sockets of that kind (AF_INET, SOCK_STREAM) will be asked for: kStock of them are ready after the next fill().
  void expect(int family, int type);
  /// Makes what is missing of the kinds that are expected. Not before privileges are dropped: a socket belongs to the
  /// user that its maker was.
  void fill();
  /// How many descriptors are held at most.
  [[nodiscard]] std::size_t most_descriptors() const;

  /// A socket of that kind, non-blocking and close-on-exec. Where none is ready it waits for one, some microseconds; at
  /// most a second, then EAGAIN. Otherwise it fails with what socket(2) says. Any thread but this one.
  Result<Descriptor> take(int family, int type);

  static constexpr std::size_t kStock = 16;

 private:
  class Impl;
  explicit NamespaceThread(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// socket(2), non-blocking and close-on-exec: from `inside`, or in the calling thread's namespace where that is null.
Result<Descriptor> make_socket(int family, int type, NamespaceThread* inside);

}  // namespace lastbyte::net
