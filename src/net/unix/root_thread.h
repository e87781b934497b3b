// A thread that lives in another root directory. It binds UNIX paths in there, and connects to them if that may take
// time.
//
// Theory of operation. Processes in that root decide where its paths lead and how long a look-up takes (a FUSE mount).
// No path of it is therefore given to the kernel on another thread, except for a look-up that is confined to the root
// and never blocks. chroot(2) needs CAP_SYS_CHROOT, and /proc/PID/root the right to inspect the process. This process
// drops both before its first client, so it opens the root, and the thread enters it, at the start. The thread's
// current directory is /proc/self from outside; through it the thread gets from a descriptor to its file.
//
// A look-up in a FUSE mount cannot be interrupted once its server has read the request (fs/fuse/dev.c
// request_wait_answer). Every wait for the thread is therefore bounded, and nobody waits for its end.
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
  /// Ends the thread, without waiting for what it is doing.
  ~RootThread();
  RootThread(const RootThread&) = delete;
  RootThread& operator=(const RootThread&) = delete;

  [[nodiscard]] int directory() const;
  [[nodiscard]] const RootName& name() const;
  /// Whether the process that names the root still lives; true if no process does.
  [[nodiscard]] bool process_lives() const;
  /// Whether the thread has entered that root. An error: chroot(2) was not allowed, and nothing can be bound.
  [[nodiscard]] Result<void> entered() const;

  /// Calls a function on the thread and waits kPatience for it; then returns ETIMEDOUT. The function may still be
  /// running then, so it must own what it uses; a late result is destroyed on the thread. On the thread itself, it is
  /// called directly. Its exceptions come out here.
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

  /// Connects to a path if that needs no wait; never blocks. EINPROGRESS: a wait may be needed, see connect_later().
  /// Other errors are those of connect_unix().
  Result<Descriptor> connect_now(const Address& to, const SocketOptions& options);

  /// A connection that the thread makes. Destroying this object cancels it, unless the thread has begun.
  class Connection {
   public:
    virtual ~Connection() = default;
  };
  /// Connects on the thread, which calls `done` with the outcome: once, or never if the Connection is destroyed before.
  std::unique_ptr<Connection> connect_later(const Address& to, const SocketOptions& options,
                                            std::function<void(Result<Descriptor>)> done);

  /// The largest number of descriptors held.
  static constexpr std::size_t kMostDescriptors = 4;
  static constexpr Duration kPatience{2000};

 private:
  struct State;
  explicit RootThread(std::shared_ptr<State> state);
  [[nodiscard]] bool is_this_thread() const;
  /// Runs the function and waits until `is_done`. False: it was not done in time, and will not begin any more.
  bool run(std::function<void()> function, const std::function<bool()>& is_done);
  [[nodiscard]] Failure no_answer() const;

  std::shared_ptr<State> state_;  ///< shared with the thread
};

}  // namespace lastbyte::net
