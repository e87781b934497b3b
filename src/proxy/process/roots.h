// The root directories that forwardings name. Each is held open, with a thread that works in it
// (net/unix/root_thread.h).
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/result.h"
#include "net/names/root.h"
#include "net/unix/root_thread.h"

namespace lastbyte::proxy {

class Roots {
 public:
  using Shared = std::shared_ptr<net::RootThread>;

  /// Opens the root directory that the name stands for now. All names of a directory share its thread, which lives
  /// while any of them holds it. null: the process's own root. If dropped privileges forbid the look-up, the name keeps
  /// its earlier directory, unless its process has ended.
  Result<Shared> open(const net::RootName& name);

  /// Drops the privileges of the threads: capabilities belong to each thread. Call it once, after drop_privileges() of
  /// the process.
  Result<void> drop_privileges();

  /// Returns the most descriptors that the roots hold while `workers` workers connect through them.
  [[nodiscard]] std::size_t descriptors(unsigned workers) const;

 private:
  [[nodiscard]] std::vector<Shared> all() const;

  std::vector<std::weak_ptr<net::RootThread>> threads_;
};

}  // namespace lastbyte::proxy
