// The network namespaces that forwardings name, each entered by a thread that stays (net/namespace/thread.h).
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

  /// Opens the namespace that the name now stands for. All names of one namespace share its thread, which lives while
  /// any of them holds it. null: the process's own namespace. Needs CAP_SYS_ADMIN for a namespace that has not been
  /// entered yet.
  Result<Shared> open(const net::NamespaceName& name);

  /// Drops the rights that drop_privileges() leaves to each thread, in the entered namespaces. Call it afterwards.
  Result<void> drop_privileges();

  /// After that: the sockets that were announced by NamespaceThread::expect().
  void fill();

  /// How many descriptors they hold at most.
  [[nodiscard]] std::size_t descriptors() const;

 private:
  [[nodiscard]] std::vector<Shared> entered() const;

  std::vector<std::weak_ptr<net::NamespaceThread>> threads_;
};

/// Runs a function in there; on the calling thread, where that is null.
void run_in(const Namespaces::Shared& inside, const std::function<void()>& function);

}  // namespace lastbyte::proxy
