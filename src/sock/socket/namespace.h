// Network namespaces: entered by one thread, and left again.
#pragma once

#include <string>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/names/namespace.h"

namespace lastbyte::sock {

/// While it lives, the calling thread is in another network namespace (setns(2)); other threads are not. Sockets stay
/// in the namespace that they were made in.
class NetworkNamespace {
 public:
  /// Needs CAP_SYS_ADMIN in both namespaces.
  static Result<NetworkNamespace> enter(const std::string& which);
  NetworkNamespace(NetworkNamespace&&) = default;
  NetworkNamespace& operator=(NetworkNamespace&&) = delete;
  ~NetworkNamespace();

 private:
  explicit NetworkNamespace(Descriptor before) : before_(std::move(before)) {}

  Descriptor before_;
};

/// As net::NamespaceName::parse(); a process may also be given as its number alone. Pure.
Result<net::NamespaceName> namespace_name(const std::string& which);

}  // namespace lastbyte::sock
