#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli/subcommands.h"

namespace {

/// Opens missing standard descriptors. Otherwise the first socket would get such a number, and messages would go into
/// it.
void keep_standard_descriptors() {
  for (const int standard : {0, 1, 2}) {
    // open() takes the lowest free number, which is this one
    if (::fcntl(standard, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
}

bool reader_has_left() {
  pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

/// Fails the command if its output was not written. A reader that has closed the pipe gets no message.
int with_output_checked(int status) {
  const bool failed_before = std::ferror(stdout) != 0;  // the errno of that failure is lost
  errno = 0;
  const bool fails_now = std::fflush(stdout) != 0;
  if (!failed_before && !fails_now) return status;
  const int error = errno;
  if (error != EPIPE && !reader_has_left())
    std::fprintf(stderr, "lastbyte: write to standard output: %s\n",
                 fails_now ? std::strerror(error) : "it failed, and the output is incomplete");
  return status == lastbyte::cli::kExitOk ? lastbyte::cli::kExitFailed : status;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace lastbyte::cli;
  keep_standard_descriptors();
  return with_output_checked(dispatch(all_commands(), argc, argv));
}
