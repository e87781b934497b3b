// Moves one thread into a network namespace and back.
#pragma once

#include <string>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/names/namespace.h"

namespace lastbyte::sock {

/// While this object exists, the calling thread is in another network namespace (setns(2)); other threads are not.
/// Sockets stay in the namespace in which they were created.
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

/// Like net::NamespaceName::parse(), but also accepts a bare process ID. Pure.
Result<net::NamespaceName> namespace_name(const std::string& which);

}  // namespace lastbyte::sock
