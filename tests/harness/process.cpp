#include "tests/harness/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/descriptor.h"
#include "base/file.h"
#include "process/spawn.h"
#include "tests/harness/eventually.h"
#include "tests/harness/record.h"

namespace lastbyte::system_test {
namespace {

Descriptor opened(const std::string& path, int flags) {
  return Descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600));
}

std::string proc(pid_t pid, const std::string& file) { return "/proc/" + std::to_string(pid) + "/" + file; }

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "lastbyte-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::filesystem::filesystem_error("mkdtemp", {});
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) { return lastbyte::read_file(path, 1UL << 30).value_or(""); }

void write_file(const std::string& path, const std::string& text) {
  const auto written = lastbyte::write_file(path, text);
  EXPECT_TRUE(written) << written.error().text();
}

Process::Process(const Command& command) {
  if (!command.input.empty()) write_file(directory_.file("in"), command.input);
  const Descriptor input = opened(command.input.empty() ? "/dev/null" : directory_.file("in"), O_RDONLY);
  const Descriptor out = opened(directory_.file("out"), O_WRONLY | O_CREAT | O_APPEND);
  const Descriptor err = opened(directory_.file("err"), O_WRONLY | O_CREAT | O_APPEND);
  const auto pid = process::spawn({.arguments = command.arguments,
                                   .environment = command.environment,
                                   .passed_sockets = command.passed_sockets,
                                   .descriptors = command.descriptors},
                                  {input.get(), out.get(), err.get()});
  EXPECT_TRUE(pid) << pid.error().text();
  pid_ = pid.value_or(-1);
}

Process::~Process() {
  if (!running()) return;
  signal(SIGKILL);
  wait();
}

bool Process::running() { return pid_ > 0 && !wait(milliseconds(0)); }

namespace {

/// Whether every thread of the process is stopped ('T' of proc(5)): kill(2) does not wait for that.
bool stands_still(pid_t pid) {
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
    std::ifstream file(thread.path() / "stat");
    const std::string stat{std::istreambuf_iterator<char>(file), {}};
    const std::size_t name_ends = stat.rfind(')');
    if (name_ends == std::string::npos || stat.size() < name_ends + 3 ||
        (stat[name_ends + 2] != 'T' && stat[name_ends + 2] != 't'))
      return false;
  }
  return !error;
}

}  // namespace

void Process::signal(int number) const {
  if (pid_ <= 0 || status_) return;
  ::kill(pid_, number);
  if (number != SIGSTOP) return;
  EXPECT_TRUE(test::eventually([&] { return stands_still(pid_); }));
}

std::optional<int> Process::wait(milliseconds patience) {
  const auto reaped = [&] {
    if (status_ || pid_ <= 0) return true;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    status_ = process::exit_status_of(status);
    return true;
  };
  eventually(reaped, patience);
  return status_;
}

std::string Process::err() const { return messages_as_text(read_file(directory_.file("err"))); }

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
  // The name may have blanks. The fields from the third on follow it (proc(5)): utime is the 14th, stime the 15th.
  std::istringstream rest(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  std::int64_t user = 0;
  std::int64_t kernel = 0;
  rest >> user >> kernel;
  return milliseconds((user + kernel) * 1000 / ::sysconf(_SC_CLK_TCK));
}

std::string output_of(const Command& command) {
  Process process(command);
  EXPECT_EQ(process.wait(), 0) << command.arguments[0] << ": " << process.err();
  return process.out();
}

}  // namespace lastbyte::system_test
