// The root directories that forwardings name, each held open, with a thread that works in it (net/unix/root_thread.h).
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

  /// Opens what the name stands for now. Those who name the same directory share its thread, which lives for as long as
  /// any of them holds it. null where it is the process's own. A name that may not be looked up any more, since
  /// privileges were given up, goes on standing for what it stood for, unless its process has ended.
  Result<Shared> open(const net::RootName& name);

  /// Drops the rights that drop_privileges() leaves to each thread. Call it afterwards, once.
  Result<void> drop_privileges();

  /// How many descriptors they hold at most, where `workers` workers connect by them.
  [[nodiscard]] std::size_t descriptors(unsigned workers) const;

 private:
  [[nodiscard]] std::vector<Shared> all() const;

  std::vector<std::weak_ptr<net::RootThread>> threads_;
};

}  // namespace lastbyte::proxy
