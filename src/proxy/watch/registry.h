// The figures of all forwardings that there have been, so that no counter goes back over a reload.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "relay/terms/figures.h"

namespace lastbyte::proxy {

/// Forwardings are told apart by their names. One that is removed keeps its figures, and goes on from them where it
/// comes back. Beyond kMost names, all further forwardings share the figures of "other". Any thread.
class Registry {
 public:
  using Figures = std::shared_ptr<relay::ForwardingFigures>;
  static constexpr std::size_t kMost = 200;
  static constexpr const char* kOther = "other";

  explicit Registry(unsigned workers) : workers_(workers) {}

  /// Those of a forwarding.
  Figures of(const std::string& name);
  /// All, in the order in which they were first asked for.
  [[nodiscard]] std::vector<std::shared_ptr<const relay::ForwardingFigures>> all() const;

 private:
  const unsigned workers_;
  mutable std::mutex mutex_;
  std::vector<Figures> known_;
};

}  // namespace lastbyte::proxy
