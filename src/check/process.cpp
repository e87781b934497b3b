#include "check/process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/descriptor.h"

namespace lastbyte::check {
namespace {

constexpr std::size_t kMostChildren = 64;

/// For the signal handler, which may touch nothing else. 0: free.
std::array<std::atomic<pid_t>, kMostChildren>& groups() {
  static std::array<std::atomic<pid_t>, kMostChildren> all{};
  return all;
}

void replace_group(pid_t old, pid_t fresh) {
  for (auto& each : groups()) {
    pid_t expected = old;
    if (each.compare_exchange_strong(expected, fresh)) return;
  }
}

void kill_all_and_end(int number) {
  for (auto& each : groups()) {
    if (const pid_t group = each.load(); group > 0) ::kill(-group, SIGKILL);
  }
  ::signal(number, SIG_DFL);
  ::raise(number);
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

Result<ScratchDirectory> ScratchDirectory::make() {
  std::error_code error;
  std::string name = (std::filesystem::temp_directory_path(error) / "lastbyte-check-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) return failure_from_errno("mkdtemp " + name);
  // A proxy may give its privileges up before it reads its files.
  std::filesystem::permissions(name, std::filesystem::perms(0755), error);
  return ScratchDirectory(name);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

ScratchDirectory::ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}

ScratchDirectory& ScratchDirectory::operator=(ScratchDirectory&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

Result<Process> Process::start(const std::vector<std::string>& arguments, const std::string& output, int network) {
  Start start{.program = find_program(arguments.at(0)),
              .words = arguments,
              .arguments = {},
              .input = Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
              .output = Descriptor(::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)),
              .network = network};
  if (start.program.empty()) return failure("start " + arguments.at(0), ENOENT);
  if (!start.input || !start.output) return failure_from_errno("open " + output);
  for (std::string& word : start.words) start.arguments.push_back(word.data());
  start.arguments.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return failure_from_errno("fork");
  if (pid == 0) start.become();
  ::setpgid(pid, pid);  // here as well: whoever comes first
  return Process(pid);
}

Process::Process(pid_t pid) : pid_(pid) { replace_group(0, pid); }

Process::~Process() { kill(); }

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(status_, other.status_);
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
  replace_group(pid_, 0);
  pid_ = -1;
}

void kill_children_at_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::signal(number, kill_all_and_end);
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

std::string read_file(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  return file.good();
}

}  // namespace lastbyte::check
