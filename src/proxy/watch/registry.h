// The figures of all forwardings that ever existed, so that no counter decreases at a reload.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "relay/terms/figures.h"

namespace lastbyte::proxy {

/// Forwardings are identified by name. A forwarding that is removed keeps its figures and continues from them when it
/// returns. Beyond kMost names, all further forwardings share the figures of "other". Any thread.
class Registry {
 public:
  using Figures = std::shared_ptr<relay::ForwardingFigures>;
  static constexpr std::size_t kMost = 200;
  static constexpr const char* kOther = "other";

  explicit Registry(unsigned workers) : workers_(workers) {}

  /// Returns the figures of a forwarding.
  Figures of(const std::string& name);
  /// Returns all figures, in the order of the first calls of of().
  [[nodiscard]] std::vector<std::shared_ptr<const relay::ForwardingFigures>> all() const;

 private:
  const unsigned workers_;
  mutable std::mutex mutex_;
  std::vector<Figures> known_;
};

}  // namespace lastbyte::proxy
