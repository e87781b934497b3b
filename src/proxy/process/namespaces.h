// The network namespaces that forwardings name. For each, a thread enters the namespace and stays in it
// (net/namespace/thread.h).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "net/names/namespace.h"
#include "net/namespace/thread.h"

namespace lastbyte::proxy {

class Namespaces {
 public:
  using Shared = std::shared_ptr<net::NamespaceThread>;

  /// Opens the namespace that the name stands for now. All names of a namespace share its thread, which lives while any
  /// of them holds it. null: the process's own namespace. Needs CAP_SYS_ADMIN for a namespace that has not been entered
  /// yet.
  Result<Shared> open(const net::NamespaceName& name);

  /// Drops the privileges of the threads in the entered namespaces: capabilities belong to each thread. Call it after
  /// drop_privileges() of the process.
  Result<void> drop_privileges();

  /// Makes the sockets that NamespaceThread::expect() announced. Call it after drop_privileges().
  void fill();

  /// Returns the most descriptors that the namespaces hold.
  [[nodiscard]] std::size_t descriptors() const;

 private:
  [[nodiscard]] std::vector<Shared> entered() const;

  std::vector<std::weak_ptr<net::NamespaceThread>> threads_;
};

/// Runs a function in the namespace; null: on the calling thread.
void run_in(const Namespaces::Shared& inside, const std::function<void()>& function);

}  // namespace lastbyte::proxy
