#include "process/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "process/eventually.h"
#include "process/proc.h"
#include "process/scratch.h"
#include "process/spawn.h"

namespace lastbyte::process {
namespace {

constexpr std::array kEndingSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

/// The process groups of all running children.
struct Children {
  std::mutex mutex;
  std::set<pid_t> groups;
};

/// Never destroyed: the thread that waits for signals may use it while the process exits.
Children& children() {
  static auto* all = new Children;
  return *all;
}

/// The thread that waits for signals; nullopt: clean_up_at_signals() was not called.
std::optional<pthread_t>& waiting_thread() {
  static std::optional<pthread_t> one;
  return one;
}

[[noreturn]] void clean_up_and_end(int number) {
  Children& all = children();
  all.mutex.lock();  // never unlocked, so that no thread starts another child
  for (const pid_t group : all.groups) ::kill(-group, SIGKILL);
  ScratchDirectory::remove_all();
  ::signal(number, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  ::raise(number);
  ::_exit(128 + number);
}

}  // namespace

Result<Process> Process::start(const std::vector<std::string>& arguments, int network) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure_from_errno("pipe2");
  Descriptor read_end(ends[0]);
  const Descriptor write_end(ends[1]);
  const Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!input) return failure_from_errno("open /dev/null");
  Children& all = children();
  const std::lock_guard lock(all.mutex);
  const auto pid = spawn({.arguments = arguments, .network = network, .own_group = true},
                         {input.get(), write_end.get(), write_end.get()});
  if (!pid) return Failure(pid.error());
  all.groups.insert(*pid);
  return Process(*pid, std::move(read_end));
}

Process::Process(pid_t pid, Descriptor output) : pid_(pid), output_(std::make_unique<Capture>(std::move(output))) {}

Process::~Process() { kill(); }

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(other.status_), output_(std::move(other.output_)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(status_, other.status_);
  std::swap(output_, other.output_);
  return *this;
}

std::optional<int> Process::ended() {
  if (status_ || pid_ < 0) return status_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) status_ = exit_status_of(status);
  return status_;
}

void Process::signal(int number) const {
  if (pid_ > 0 && !status_) ::kill(pid_, number);
}

bool Process::suspend() const {
  if (pid_ <= 0 || status_) return false;
  // kill(2) does not wait until the processes have stopped. A parent in vfork(2) does not stop before its child has
  // become a program, and a child that was stopped before that never does: let both go on, and stop them again.
  constexpr int kTries = 20;
  for (int tried = 0; tried < kTries; ++tried) {
    if (tried > 0) {
      ::kill(-pid_, SIGCONT);
      std::this_thread::sleep_for(Duration(1));
    }
    ::kill(-pid_, SIGSTOP);
    if (eventually([&] { return group_stands_still(pid_); }, Duration(100), Duration(1))) return true;
  }
  return false;
}

void Process::resume() const {
  if (pid_ > 0 && !status_) ::kill(-pid_, SIGCONT);
}

void Process::kill() {
  if (pid_ < 0) return;
  ::kill(-pid_, SIGKILL);
  if (!status_) ::waitpid(pid_, nullptr, 0);
  output_->stop();
  Children& all = children();
  const std::lock_guard lock(all.mutex);
  all.groups.erase(pid_);
  pid_ = -1;
}

std::string Process::output() const { return output_ ? output_->text() : ""; }

void clean_up_at_signals() {
  sigset_t waited_for;
  sigemptyset(&waited_for);
  for (const int number : kEndingSignals) {
    struct sigaction present{};
    ::sigaction(number, nullptr, &present);
    if (present.sa_handler != SIG_IGN) sigaddset(&waited_for, number);
  }
  // Threads inherit the mask. Children reset it before they execute their program.
  ::pthread_sigmask(SIG_BLOCK, &waited_for, nullptr);
  std::thread waiting([waited_for] {
    int number = 0;
    while (::sigwait(&waited_for, &number) != 0) {
    }
    clean_up_and_end(number);
  });
  waiting_thread() = waiting.native_handle();
  waiting.detach();
}

void end_by_signal(int number) {
  if (!waiting_thread()) return;
  ::pthread_kill(*waiting_thread(), number);
  while (true) ::pause();
}

}  // namespace lastbyte::process
