#include "tests/base/steps.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lastbyte::test {
namespace {

[[noreturn]] void be_stepped(const std::function<std::function<void()>()>& make) {
  const auto work = make();
  if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
  ::raise(SIGSTOP);
  work();
  ::_exit(0);
}

bool is_stopped_by(pid_t child, int number) {
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == number;
}

}  // namespace

std::optional<std::uint64_t> steps_of(const std::function<std::function<void()>()>& make) {
  const pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) be_stepped(make);
  if (!is_stopped_by(child, SIGSTOP)) return std::nullopt;
  for (std::uint64_t steps = 0;; ++steps) {
    if (::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0) break;
    int status = 0;
    if (::waitpid(child, &status, 0) != child) break;
    if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? std::optional(steps) : std::nullopt;
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) break;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return std::nullopt;
}

}  // namespace lastbyte::test
