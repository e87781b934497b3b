#include "process/process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "process/scratch.h"

namespace lastbyte::process {
namespace {

constexpr std::array kEndingSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

/// The groups of all children that run.
struct Children {
  std::mutex mutex;
  std::set<pid_t> groups;
};

/// Never destroyed: the thread that waits for signals may use it while the process exits.
Children& children() {
  static auto* all = new Children;
  return *all;
}

/// nullopt: clean_up_at_signals() was not called.
std::optional<pthread_t>& waiting_thread() {
  static std::optional<pthread_t> one;
  return one;
}

[[noreturn]] void clean_up_and_end(int number) {
  Children& all = children();
  all.mutex.lock();  // and kept: nobody starts another child
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

/// Everything that needs memory is made before fork(): another thread may hold the allocator's lock in that instant.
struct Start {
  std::string program;
  std::vector<std::string> words;
  std::vector<char*> arguments;
  Descriptor input;
  Descriptor output;
  int network = -1;

  [[noreturn]] void become() {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (network >= 0 && ::setns(network, CLONE_NEWNET) != 0) ::_exit(126);
    ::dup2(input.get(), 0);
    ::dup2(output.get(), 1);
    ::dup2(output.get(), 2);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::execv(program.c_str(), arguments.data());
    ::_exit(127);
  }
};

}  // namespace

Result<Process> Process::start(const std::vector<std::string>& arguments, int network) {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure_from_errno("pipe2");
  Descriptor read_end(ends[0]);
  Start start{.program = find_program(arguments.at(0)),
              .words = arguments,
              .arguments = {},
              .input = Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
              .output = Descriptor(ends[1]),
              .network = network};
  if (start.program.empty()) return failure("start " + arguments.at(0), ENOENT);
  if (!start.input) return failure_from_errno("open /dev/null");
  for (std::string& word : start.words) start.arguments.push_back(word.data());
  start.arguments.push_back(nullptr);
  Children& all = children();
  const std::lock_guard lock(all.mutex);
  const pid_t pid = ::fork();
  if (pid < 0) return failure_from_errno("fork");
  if (pid == 0) start.become();
  ::setpgid(pid, pid);  // here as well: whoever comes first
  all.groups.insert(pid);
  return Process(pid, std::move(read_end));
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
  if (::waitpid(pid_, &status, WNOHANG) == pid_)
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return status_;
}

void Process::signal(int number) const {
  if (pid_ > 0 && !status_) ::kill(pid_, number);
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
  // Threads inherit the mask; children have it reset before they become their program.
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

std::string find_program(const std::string& name) {
  const auto runs = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (name.find('/') != std::string::npos) return runs(name) ? name : "";
  const char* path = std::getenv("PATH");
  std::istringstream directories(std::string(path == nullptr ? "" : path) +
                                 ":/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin:/lib/systemd:"
                                 "/usr/lib/systemd:/usr/libexec/docker:/usr/libexec/lxd:/usr/lib/lxd");
  for (std::string path_of_it; std::getline(directories, path_of_it, ':');) {
    if (path_of_it.empty()) continue;
    path_of_it.append("/").append(name);
    if (runs(path_of_it)) return path_of_it;
  }
  return "";
}

}  // namespace lastbyte::process
