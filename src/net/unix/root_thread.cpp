#include "net/unix/root_thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "base/memory.h"
#include "base/signals.h"
#include "net/unix/stream.h"

namespace lastbyte::net {
namespace {

/// Mounts that are known to be local file systems. Workers read it; the thread writes it.
class LocalMounts {
 public:
  [[nodiscard]] bool has(std::optional<std::uint64_t> mount) const {
    return mount && std::ranges::any_of(known_, [&](const auto& each) { return each.load() == *mount; });
  }
  void add(std::optional<std::uint64_t> mount) {
    if (mount && !has(mount)) known_[next_++ % known_.size()].store(*mount);
  }

 private:
  std::array<std::atomic<std::uint64_t>, 4> known_{};  // no mount has number 0
  std::size_t next_ = 0;
};

std::string operation(const Address& to) { return "connect " + to.text(); }

}  // namespace

struct RootThread::State {
  using Lock = std::unique_lock<std::mutex>;
  struct Task {
    std::function<void()> function;
    std::optional<std::list<std::shared_ptr<Task>>::iterator> place;  ///< nullopt: the task was begun or given up
  };

  OpenedRoot root;
  RootName name;
  Result<void> entered;
  std::thread::id thread;
  LocalMounts local_mounts;

  std::mutex mutex;
  std::condition_variable work;
  std::list<std::shared_ptr<Task>> tasks;
  std::optional<TimePoint> busy_since;
  bool ending = false;

  std::shared_ptr<Task> add(std::function<void()> function);
  void give_up(Task& task);
  void enter();
  void live();
  Result<Descriptor> connect(const Address& to, const SocketOptions& options);
  [[nodiscard]] Address name_here(const Descriptor& file) const {
    return name_of_file(file.get(), entered ? Seen::from_root_thread : Seen::from_outside);
  }
};

std::shared_ptr<RootThread::State::Task> RootThread::State::add(std::function<void()> function) {
  auto task = std::make_shared<Task>(Task{std::move(function), std::nullopt});
  {
    const Lock lock(mutex);
    task->place = tasks.insert(tasks.end(), task);
  }
  work.notify_one();
  return task;
}

void RootThread::State::give_up(Task& task) {
  std::shared_ptr<Task> last;  // destroys its function without the lock
  const Lock lock(mutex);
  if (!task.place) return;
  last = std::move(**task.place);
  tasks.erase(*task.place);
  task.place.reset();
}

void RootThread::State::enter() {
  thread = std::this_thread::get_id();
  block_all_signals();
  pthread_setname_np(pthread_self(), ("root " + name.text()).substr(0, 15).c_str());
  // Makes root and current directory this thread's own; they are no longer shared with other threads.
  const bool inside = ::unshare(CLONE_FS) == 0 && ::fchdir(root.directory.get()) == 0 && ::chroot(".") == 0 &&
                      ::fchdir(own_proc()) == 0;
  if (inside) return;
  const int code = errno;
  entered = failure("enter the root directory " + name.text(), code, code == EPERM ? "it needs CAP_SYS_CHROOT" : "");
}

void RootThread::State::live() {
  Lock lock(mutex);
  for (;;) {
    work.wait(lock, [this] { return ending || !tasks.empty(); });
    if (ending) return;
    auto task = std::move(tasks.front());
    tasks.pop_front();
    task->place.reset();
    busy_since = Clock::now();
    lock.unlock();
    std::exchange(task->function, nullptr)();
    task.reset();
    lock.lock();
    busy_since.reset();
  }
}

Result<Descriptor> RootThread::State::connect(const Address& to, const SocketOptions& options) {
  const Descriptor found = look_up_in(root.directory.get(), to.unix_name(), 0, LookUp::whole);
  if (!found) return failure_from_errno(operation(to));
  // From now on workers may connect on this mount themselves.
  if (is_on_local_file_system(found.get())) local_mounts.add(mount_of(found.get()));
  return connect_unix(to, name_here(found), options);
}

RootThread::RootThread(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::shared_ptr<RootThread>> RootThread::start(OpenedRoot root, RootName name) {
  auto state = std::make_shared<State>();
  state->root = std::move(root);
  state->name = std::move(name);
  // Opens /proc/self on a thread outside of the root.
  if (own_proc() < 0) return failure_from_errno("open /proc/self");
  std::promise<void> promise;
  auto entered = promise.get_future();
  try {
    std::thread([state, promise = std::move(promise)]() mutable {
      state->enter();
      promise.set_value();
      state->live();
    }).detach();
  } catch (const std::system_error& error) {
    return failure("start a thread for the root directory " + state->name.text(), error.code().value());
  }
  entered.wait();
  return std::shared_ptr<RootThread>(new RootThread(std::move(state)));
}

RootThread::~RootThread() {
  {
    const State::Lock lock(state_->mutex);
    state_->ending = true;
  }
  state_->work.notify_one();
}

int RootThread::directory() const { return state_->root.directory.get(); }
const RootName& RootThread::name() const { return state_->name; }
bool RootThread::process_lives() const { return still_lives(state_->root.process); }
Result<void> RootThread::entered() const { return state_->entered; }
bool RootThread::is_this_thread() const { return std::this_thread::get_id() == state_->thread; }

bool RootThread::run(std::function<void()> function, const std::function<bool()>& is_done) {
  {
    const State::Lock lock(state_->mutex);
    if (state_->busy_since && Clock::now() - *state_->busy_since > kPatience) return false;
  }
  const auto task = state_->add(std::move(function));
  if (is_done()) return true;
  state_->give_up(*task);
  return false;
}

Failure RootThread::no_answer() const {
  return failure("look into the root directory " + name().text(), ETIMEDOUT, "a file system in there does not answer");
}

Result<bool> RootThread::takes_datagrams(const std::shared_ptr<RootThread>& root, const Address& path) {
  return root->ask<bool>([root, path]() -> Result<bool> {
    const Descriptor found = look_up_in(root->directory(), path.unix_name(), 0, LookUp::whole);
    return found && probe_unix(root->state_->name_here(found)) == 0;
  });
}

Result<Descriptor> RootThread::connect_now(const Address& to, const SocketOptions& options) {
  const Descriptor found = look_up_in(directory(), to.unix_name(), 0, LookUp::cached);
  const int code = errno;
  if (!found) return failure(operation(to), code == EAGAIN ? EINPROGRESS : code);
  if (!state_->local_mounts.has(mount_of(found.get()))) return failure(operation(to), EINPROGRESS);
  return connect_unix(to, name_of_file(found.get(), Seen::from_outside), options);
}

namespace {

/// A connection that is given up with this object.
template <typename State, typename Task>
class Given : public RootThread::Connection {
 public:
  Given(std::shared_ptr<State> state, std::shared_ptr<Task> task) : state_(std::move(state)), task_(std::move(task)) {}
  Given(const Given&) = delete;
  Given& operator=(const Given&) = delete;
  ~Given() override { state_->give_up(*task_); }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Task> task_;
};

}  // namespace

std::unique_ptr<RootThread::Connection> RootThread::connect_later(const Address& to, const SocketOptions& options,
                                                                  std::function<void(Result<Descriptor>)> done) {
  // The thread may outlive this object, but not its own state.
  auto task = state_->add([state = state_.get(), to, options, done = std::move(done)] {
    // If memory is short, the outcome is lost; the session then ends at its connect limit.
    (void)enough_memory_for([&] { done(state->connect(to, options)); });
  });
  return std::make_unique<Given<State, State::Task>>(state_, std::move(task));
}

}  // namespace lastbyte::net
