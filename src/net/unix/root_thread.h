// A thread that lives in another root directory: binds UNIX paths in there, and connects to them where that may take
// time.
//
// Theory of operation. Who lives in that root decides what its paths lead to, and how long a look-up takes (a FUSE
// mount). So no path of it is ever given to the kernel on another thread, except for a look-up that is confined to the
// root and never blocks. chroot(2) needs CAP_SYS_CHROOT, and /proc/PID/root the right to look into the process, which
// this process gives up before its first client: so the root is opened, and the thread goes in, at the start. Its
// current directory is /proc/self of the outside: by that it gets from a descriptor to its file.
//
// A look-up in a FUSE mount cannot be interrupted once its server has read the request (fs/fuse/dev.c
// request_wait_answer). Every wait for the thread is bounded, and its end is never waited for.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"
#include "base/time.h"
#include "net/address/address.h"
#include "net/names/root.h"
#include "net/root/open.h"
#include "net/socket/options.h"

namespace lastbyte::net {

class RootThread {
 public:
  /// Starts the thread, which takes no signals.
  static Result<std::shared_ptr<RootThread>> start(OpenedRoot root, RootName name);
  /// Ends the thread. Does not wait while it does something.
  ~RootThread();
  RootThread(const RootThread&) = delete;
  RootThread& operator=(const RootThread&) = delete;

  [[nodiscard]] int directory() const;
  [[nodiscard]] const RootName& name() const;
  /// Whether the process is still there that the root was named by, if it was by one.
  [[nodiscard]] bool process_lives() const;
  /// Whether the thread's own root is that directory. An error: chroot(2) was not allowed, and nothing can be bound.
  [[nodiscard]] Result<void> entered() const;

  /// Calls a function on the thread, and waits kPatience for it; then ETIMEDOUT. It may go on by then, so it owns what
  /// it uses; what it returns too late is destroyed on the thread. On the thread itself it is simply called. What it
  /// throws comes out here.
  template <typename T>
  Result<T> ask(std::function<Result<T>()> function) {
    if (is_this_thread()) return function();
    const auto task = std::make_shared<std::packaged_task<Result<T>()>>(std::move(function));
    auto answer = task->get_future();
    const bool answered =
        run([task] { (*task)(); }, [&] { return answer.wait_for(kPatience) == std::future_status::ready; });
    if (!answered) return no_answer();
    return answer.get();
  }

  /// Whether a path leads to a datagram socket now.
  static Result<bool> takes_datagrams(const std::shared_ptr<RootThread>& root, const Address& path);

  /// Connects to a path, if that can be done without waiting for anybody; never blocks. EINPROGRESS: it cannot, see
  /// connect_later(). Other errors are as of connect_unix().
  Result<Descriptor> connect_now(const Address& to, const SocketOptions& options);

  /// A connection that the thread makes; given up with this object, if it was not begun.
  class Connection {
   public:
    virtual ~Connection() = default;
  };
  /// Connects on the thread, which calls `done` with the outcome: once, or never where the Connection is destroyed
  /// before.
  std::unique_ptr<Connection> connect_later(const Address& to, const SocketOptions& options,
                                            std::function<void(Result<Descriptor>)> done);

  /// How many descriptors are held at most.
  static constexpr std::size_t kMostDescriptors = 4;
  static constexpr Duration kPatience{2000};

 private:
  struct State;
  explicit RootThread(std::shared_ptr<State> state);
  [[nodiscard]] bool is_this_thread() const;
  /// Runs it and waits until `is_done`; false: it was not done in time, and is not begun any more.
  bool run(std::function<void()> function, const std::function<bool()>& is_done);
  [[nodiscard]] Failure no_answer() const;

  std::shared_ptr<State> state_;  ///< the thread's too
};

}  // namespace lastbyte::net
