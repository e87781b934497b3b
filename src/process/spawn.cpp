#include "process/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <sstream>
#include <string_view>

#include "base/descriptor.h"

namespace lastbyte::process {
namespace {

constexpr int kFirstPassed = 3;  // sd_listen_fds(3)

/// Exclusive while a child has copies of this process' descriptors.
std::shared_mutex& copies() {
  static auto* one = new std::shared_mutex;  // never destroyed: threads may end after the process began to exit
  return *one;
}

std::vector<std::string> whole_environment(const Command& command) {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string variable(*each);
    // Variables that a service manager set for this process are not meant for the program.
    const bool managers = variable.starts_with("LISTEN_") || variable.starts_with("NOTIFY_SOCKET");
    if (!managers) all.push_back(variable);
  }
  all.insert(all.end(), command.environment.begin(), command.environment.end());
  if (!command.passed_sockets.empty()) {
    all.push_back("LISTEN_FDS=" + std::to_string(command.passed_sockets.size()));
    all.push_back("LISTEN_PID=" + std::string(20, '\0'));  // the child writes its own process ID here
  }
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// Allocates all memory before fork(): another thread may hold the allocator's lock at that moment.
struct Start {
  Start(std::string path, const Command& wanted, const Streams& given)
      : program(std::move(path)),
        arguments(wanted.arguments),
        environment(whole_environment(wanted)),
        argument_pointers(pointers(arguments)),
        environment_pointers(pointers(environment)),
        passed(wanted.passed_sockets),
        command(wanted),
        streams(given) {}

  [[noreturn]] void become() {
    if (command.own_group) ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (command.network >= 0 && ::setns(command.network, CLONE_NEWNET) != 0) ::_exit(126);
    ::dup2(streams.input, 0);
    ::dup2(streams.output, 1);
    ::dup2(streams.errors, 2);
    pass_sockets();
    if (command.descriptors) {
      const rlimit limit{*command.descriptors, *command.descriptors};
      ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::execve(program.c_str(), argument_pointers.data(), environment_pointers.data());
    ::_exit(127);
  }

  void pass_sockets() {
    if (passed.empty()) return;
    // First move the sockets away: one may have a number that another one needs.
    for (int& fd : passed) fd = ::fcntl(fd, F_DUPFD, 100);
    for (std::size_t i = 0; i < passed.size(); ++i) ::dup2(passed[i], kFirstPassed + static_cast<int>(i));
    for (const int fd : passed) ::close(fd);
    std::string& variable = environment.back();
    char* const number = variable.data() + std::string_view("LISTEN_PID=").size();
    std::to_chars(number, variable.data() + variable.size(), ::getpid());
  }

  std::string program;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::vector<char*> argument_pointers;
  std::vector<char*> environment_pointers;
  std::vector<int> passed;
  const Command& command;
  const Streams& streams;
};

}  // namespace

Result<pid_t> spawn(const Command& command, const Streams& streams) {
  std::string program = find_program(command.arguments.at(0));
  if (program.empty()) return failure("start " + command.arguments.at(0), ENOENT);
  Start start(std::move(program), command, streams);
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure_from_errno("pipe2");
  const Descriptor becomes(ends[0]);
  Descriptor of_child(ends[1]);
  const std::lock_guard lock(copies());
  const pid_t pid = ::fork();
  if (pid < 0) return failure_from_errno("fork");
  if (pid == 0) start.become();
  if (command.own_group) ::setpgid(pid, pid);  // parent and child both call it, because either may run first
  of_child.close();
  char none = 0;
  while (::read(becomes.get(), &none, 1) < 0 && errno == EINTR) {
  }
  return pid;
}

NoCopies::NoCopies() { copies().lock_shared(); }
NoCopies::~NoCopies() { copies().unlock_shared(); }

int exit_status_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
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
