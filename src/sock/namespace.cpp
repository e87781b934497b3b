#include "sock/namespace.h"

#include <fcntl.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>

namespace lastbyte::sock {

std::string namespace_path(const std::string& which) {
  if (which.find('/') != std::string::npos) return which;
  const bool digits = std::all_of(which.begin(), which.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits ? "/proc/" + which + "/ns/net" : "/run/netns/" + which;
}

Result<NetworkNamespace> NetworkNamespace::enter(const std::string& which) {
  const auto path = namespace_path(which);
  Descriptor before(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  const Descriptor there(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!there) return failure_from_errno("open the network namespace " + path);
  if (!before || ::setns(there.get(), CLONE_NEWNET) != 0) {
    const int code = errno;
    return failure("enter the network namespace " + path, code, code == EPERM ? "it needs CAP_SYS_ADMIN" : "");
  }
  return NetworkNamespace(std::move(before));
}

NetworkNamespace::~NetworkNamespace() {
  if (before_) ::setns(before_.get(), CLONE_NEWNET);
}

}  // namespace lastbyte::sock
