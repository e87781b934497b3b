// Network namespaces: entered by one thread, and left again.
#pragma once

#include <string>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::sock {

/// While it lives, the calling thread is in another network namespace (setns(2)); other threads are not. Sockets stay
/// in the namespace that they were made in.
class NetworkNamespace {
 public:
  /// A process id where `which` is all digits, a path where it holds a '/', otherwise a name below /run/netns. Needs
  /// CAP_SYS_ADMIN in both namespaces.
  static Result<NetworkNamespace> enter(const std::string& which);
  NetworkNamespace(NetworkNamespace&&) = default;
  NetworkNamespace& operator=(NetworkNamespace&&) = delete;
  ~NetworkNamespace();

 private:
  explicit NetworkNamespace(Descriptor before) : before_(std::move(before)) {}

  Descriptor before_;
};

/// The file that stands for a namespace, by the rules above. Pure.
std::string namespace_path(const std::string& which);

}  // namespace lastbyte::sock
