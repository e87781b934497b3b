#include "tests/harness/forked.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lastbyte::test {

Forked::Forked(const std::function<int()>& body, int errors) {
  const pid_t parent = ::getpid();
  const bool of_main_thread = ::gettid() == parent;
  pid_ = ::fork();
  if (pid_ != 0) return;
  // Ends the child when a test is killed. The signal comes when the forking thread ends (prctl(2)), so a child of a
  // short-lived thread cannot have it.
  if (of_main_thread) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  if (errors >= 0) ::dup2(errors, STDERR_FILENO);
  ::_exit(body());
}

Forked::Forked()
    : Forked([]() -> int {
        for (;;) ::pause();
      }) {}

Forked::~Forked() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Forked::signal(int number) const { ::kill(pid_, number); }

int Forked::exit_status() {
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) return -1;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

}  // namespace lastbyte::test
