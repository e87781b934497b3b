#include "tests/harness/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace lastbyte::system_test {
namespace {

constexpr int kFirstPassed = 3;  // sd_listen_fds(3)

std::string program_path(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const std::string found = find_program(name);
  return found.empty() ? name : found;
}

std::vector<std::string> whole_environment(const Command& command) {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string variable(*each);
    // What a service manager may have given to the test is not for the program.
    const bool managers = variable.starts_with("LISTEN_") || variable.starts_with("NOTIFY_SOCKET");
    if (!managers) all.push_back(variable);
  }
  all.insert(all.end(), command.environment.begin(), command.environment.end());
  if (!command.passed_sockets.empty()) {
    all.push_back("LISTEN_FDS=" + std::to_string(command.passed_sockets.size()));
    all.push_back("LISTEN_PID=" + std::string(20, '\0'));  // its number is known only to itself
  }
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

int opened(const std::string& path, int flags) { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); }

/// What a child is made of; everything that needs memory is made before fork(), because other threads of the test may
/// hold the allocator's lock in that instant.
struct Child {
  explicit Child(const Command& command, const TemporaryDirectory& directory)
      : program(program_path(command.arguments.at(0))),
        arguments(command.arguments),
        environment(whole_environment(command)),
        argument_pointers(pointers(arguments)),
        environment_pointers(pointers(environment)),
        passed(command.passed_sockets),
        descriptors(command.descriptors) {
    if (!command.input.empty()) write_file(directory.file("in"), command.input);
    input = opened(command.input.empty() ? "/dev/null" : directory.file("in"), O_RDONLY);
    out = opened(directory.file("out"), O_WRONLY | O_CREAT | O_APPEND);
    err = opened(directory.file("err"), O_WRONLY | O_CREAT | O_APPEND);
  }
  ~Child() {
    for (const int fd : {input, out, err}) ::close(fd);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[noreturn]] void become() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(input, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    pass_sockets();
    if (descriptors) {
      const rlimit limit{*descriptors, *descriptors};
      ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(program.c_str(), argument_pointers.data(), environment_pointers.data());
    ::_exit(127);
  }

  void pass_sockets() {
    if (passed.empty()) return;
    // Out of the way first: a socket may have the number that another one is to get.
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
  std::optional<rlim_t> descriptors;
  int input = -1;
  int out = -1;
  int err = -1;
};

std::string proc(pid_t pid, const std::string& file) { return "/proc/" + std::to_string(pid) + "/" + file; }

}  // namespace

bool eventually(const std::function<bool()>& condition, milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "lastbyte-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::filesystem::filesystem_error("mkdtemp", {});
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text << std::flush;
  EXPECT_TRUE(file.good()) << path;
}

Process::Process(const Command& command) {
  Child child(command, directory_);
  pid_ = ::fork();
  if (pid_ == 0) child.become();
  EXPECT_GT(pid_, 0) << "fork";
}

Process::~Process() {
  if (!running()) return;
  signal(SIGKILL);
  wait();
}

bool Process::running() { return pid_ > 0 && !wait(milliseconds(0)); }

void Process::signal(int number) const {
  if (pid_ > 0 && !status_) ::kill(pid_, number);
}

std::optional<int> Process::wait(milliseconds patience) {
  const auto reaped = [&] {
    if (status_ || pid_ <= 0) return true;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  };
  eventually(reaped, patience);
  return status_;
}

std::size_t Process::sockets() const {
  std::size_t count = 0;
  std::error_code ignored;
  for (const auto& each : std::filesystem::directory_iterator(proc(pid_, "fd"), ignored)) {
    const auto target = std::filesystem::read_symlink(each.path(), ignored);
    if (target.string().starts_with("socket:")) ++count;
  }
  return count;
}

std::uint64_t Process::resident_kib() const {
  std::ifstream file(proc(pid_, "status"));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
  }
  return 0;
}

milliseconds Process::cpu_time() const {
  const std::string stat = read_file(proc(pid_, "stat"));
  // The name may hold blanks; after it come the fields from the third on (proc(5)): utime is the 14th, stime the 15th.
  std::istringstream rest(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  std::int64_t user = 0;
  std::int64_t kernel = 0;
  rest >> user >> kernel;
  return milliseconds((user + kernel) * 1000 / ::sysconf(_SC_CLK_TCK));
}

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream places(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin");
  for (std::string place; std::getline(places, place, ':');) {
    const std::string candidate = place + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

std::string output_of(const Command& command) {
  Process process(command);
  EXPECT_EQ(process.wait(), 0) << command.arguments[0] << ": " << process.err();
  return process.out();
}

}  // namespace lastbyte::system_test
