#include "net/namespace/thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "base/signals.h"
#include "net/namespace/enter.h"

namespace lastbyte::net {
namespace {

/// The thread is woken when only this many are left.
constexpr std::size_t kLow = NamespaceThread::kStock / 2;
/// The longest wait for a socket. The thread needs only processor time; a session that waits longer fails, so that it
/// does not delay others (T12).
constexpr std::chrono::seconds kLongestWait{1};

Result<Descriptor> socket_here(int family, int type) {
  Descriptor made(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made) return failure_from_errno("make a socket");
  return made;
}

/// Sockets of one kind that are ready, and the outcome of making them.
struct Kind {
  int family = 0;
  int type = 0;
  std::vector<Descriptor> ready;
  bool wanted = false;       ///< the thread must make the missing sockets
  std::uint64_t begun = 0;   ///< times that the thread began to make them
  std::uint64_t ended = 0;   ///< times that it finished
  unsigned waiting = 0;      ///< threads that wait for a socket
  std::optional<Error> why;  ///< why the last turn did not make all
};

}  // namespace

class NamespaceThread::Impl {
 public:
  Impl(Descriptor opened, std::string name) : opened_(std::move(opened)), name_(std::move(name)) {}
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start();
  void run(const std::function<void()>& function);
  void expect(int family, int type);
  void fill();
  [[nodiscard]] std::size_t most_descriptors() const;
  Result<Descriptor> take(int family, int type);
  [[nodiscard]] const Descriptor& opened() const { return opened_; }

 private:
  using Lock = std::unique_lock<std::mutex>;

  void live();
  [[nodiscard]] bool has_work() const;
  void make_missing(Kind& kind, Lock& lock);
  Kind& kind_of(int family, int type);
  void want(Kind& kind);
  Result<void> wait_for(Kind& kind, Lock& lock);

  Descriptor opened_;
  std::string name_;
  std::thread thread_;
  mutable std::mutex mutex_;
  std::condition_variable work_;  ///< signals the thread
  std::condition_variable made_;  ///< signals the threads that wait for a socket
  std::deque<Kind> kinds_;        ///< references to elements stay valid
  std::deque<std::packaged_task<void()>> functions_;
  bool ending_ = false;
};

NamespaceThread::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Result<void> NamespaceThread::Impl::start() {
  std::promise<Result<void>> promise;
  auto entered = promise.get_future();
  try {
    thread_ = std::thread([this, promise = std::move(promise)]() mutable {
      block_all_signals();
      pthread_setname_np(pthread_self(), ("net " + name_).substr(0, 15).c_str());
      auto outcome = enter_namespace(opened_.get(), name_);
      const bool inside = outcome.has_value();
      promise.set_value(std::move(outcome));
      if (inside) live();
    });
  } catch (const std::system_error& error) {
    return failure("start a thread for the network namespace " + name_, error.code().value());
  }
  return entered.get();
}

bool NamespaceThread::Impl::has_work() const {
  if (ending_ || !functions_.empty()) return true;
  for (const Kind& kind : kinds_)
    if (kind.wanted) return true;
  return false;
}

void NamespaceThread::Impl::live() {
  Lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return has_work(); });
    if (ending_) return;
    if (!functions_.empty()) {
      auto function = std::move(functions_.front());
      functions_.pop_front();
      lock.unlock();
      function();
      lock.lock();
    }
    for (std::size_t each = 0; each < kinds_.size(); ++each)
      if (kinds_[each].wanted) make_missing(kinds_[each], lock);
  }
}

/// Hands over each socket as soon as it is made.
void NamespaceThread::Impl::make_missing(Kind& kind, Lock& lock) {
  kind.wanted = false;
  const std::uint64_t turn = ++kind.begun;
  kind.why.reset();
  while (kind.ready.size() < kStock && !kind.why) {
    lock.unlock();
    auto made = socket_here(kind.family, kind.type);
    lock.lock();
    if (made) {
      kind.ready.push_back(std::move(*made));
      if (kind.waiting != 0) made_.notify_all();
    } else {
      kind.why = made.error();
    }
  }
  kind.ended = turn;
  if (kind.waiting != 0) made_.notify_all();
}

void NamespaceThread::Impl::run(const std::function<void()>& function) {
  std::packaged_task<void()> task(function);
  auto done = task.get_future();
  {
    const std::lock_guard lock(mutex_);
    functions_.push_back(std::move(task));
  }
  work_.notify_one();
  done.get();
}

Kind& NamespaceThread::Impl::kind_of(int family, int type) {
  for (Kind& kind : kinds_)
    if (kind.family == family && kind.type == type) return kind;
  Kind& added = kinds_.emplace_back();
  added.family = family;
  added.type = type;
  return added;
}

void NamespaceThread::Impl::expect(int family, int type) {
  const std::lock_guard lock(mutex_);
  kind_of(family, type);
}

void NamespaceThread::Impl::fill() {
  run([this] {
    Lock lock(mutex_);
    for (std::size_t each = 0; each < kinds_.size(); ++each) make_missing(kinds_[each], lock);
  });
}

std::size_t NamespaceThread::Impl::most_descriptors() const {
  const std::lock_guard lock(mutex_);
  return 1 + kinds_.size() * kStock;
}

void NamespaceThread::Impl::want(Kind& kind) {
  if (kind.wanted) return;
  kind.wanted = true;
  work_.notify_one();
}

/// Waits until a socket is ready, or returns why none can be made.
Result<void> NamespaceThread::Impl::wait_for(Kind& kind, Lock& lock) {
  const auto end = std::chrono::steady_clock::now() + kLongestWait;
  ++kind.waiting;
  Result<void> outcome;
  while (outcome && kind.ready.empty()) {
    // An earlier turn may have failed for lack of something that is available now.
    const std::uint64_t turn = kind.begun + 1;
    want(kind);
    const bool came = made_.wait_until(lock, end, [&] { return !kind.ready.empty() || kind.ended >= turn; });
    if (!kind.ready.empty()) break;
    if (!came) {
      outcome = failure("make a socket", EAGAIN);
    } else if (kind.why) {
      outcome = Failure(*kind.why);
    }
  }
  --kind.waiting;
  return outcome;
}

Result<Descriptor> NamespaceThread::Impl::take(int family, int type) {
  Lock lock(mutex_);
  Kind& kind = kind_of(family, type);
  if (kind.ready.empty()) {
    if (auto outcome = wait_for(kind, lock); !outcome) return Failure(outcome.error());
  }
  Descriptor taken = std::move(kind.ready.back());
  kind.ready.pop_back();
  if (kind.ready.size() <= kLow) want(kind);
  return taken;
}

NamespaceThread::NamespaceThread(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NamespaceThread::~NamespaceThread() = default;

Result<std::shared_ptr<NamespaceThread>> NamespaceThread::enter(Descriptor opened, const std::string& name) {
  auto impl = std::make_unique<Impl>(std::move(opened), name);
  if (auto started = impl->start(); !started) return Failure(started.error());
  return std::shared_ptr<NamespaceThread>(new NamespaceThread(std::move(impl)));
}

const Descriptor& NamespaceThread::opened() const { return impl_->opened(); }
void NamespaceThread::run(const std::function<void()>& function) { impl_->run(function); }
void NamespaceThread::expect(int family, int type) { impl_->expect(family, type); }
void NamespaceThread::fill() { impl_->fill(); }
std::size_t NamespaceThread::most_descriptors() const { return impl_->most_descriptors(); }
Result<Descriptor> NamespaceThread::take(int family, int type) { return impl_->take(family, type); }

Result<Descriptor> make_socket(int family, int type, NamespaceThread* inside) {
  return inside == nullptr ? socket_here(family, type) : inside->take(family, type);
}

}  // namespace lastbyte::net
