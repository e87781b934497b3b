#include "tests/harness/own_network.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

namespace lastbyte::net::test {

OwnNetwork::OwnNetwork() {
  std::thread([this] {
    if (::unshare(CLONE_NEWNET) != 0) return;
    const Descriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    if (::ioctl(any.get(), SIOCSIFFLAGS, &request) != 0) return;
    opened_ = Descriptor(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }).join();
}

std::string OwnNetwork::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(opened_.get());
}

AProcess::AProcess() : pid_(::fork()) {
  if (pid_ != 0) return;
  ::alarm(120);  // whatever becomes of the test
  for (;;) ::pause();
}

AProcess::~AProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace lastbyte::net::test
