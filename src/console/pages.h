// Reads all open sessions that match a filter, page by page. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "admin/client/exchange.h"
#include "base/result.h"
#include "console/reading.h"

namespace lastbyte::console {

struct SessionsRequest {
  std::string filters = {};  ///< parameters, each "&NAME=VALUE", encoded

  /// Returns the request for the sessions with numbers above `id`, the smallest first. In this order, sessions that
  /// begin or end between two pages neither repeat nor hide other sessions.
  [[nodiscard]] admin::ClientRequest page_after(std::uint64_t id) const;
};

class Pages {
 public:
  static constexpr std::size_t kPage = 5000;  ///< the most that the administration gives at once
  static constexpr std::size_t kMost = 200'000;

  /// Fails with ESTALE if lastbyte was restarted since the first page.
  Result<void> add(SessionsReading page);
  /// Whether all pages are read, or kMost sessions.
  [[nodiscard]] bool complete() const { return complete_; }
  /// Returns the number of the last session so far. The next page begins after it.
  [[nodiscard]] std::uint64_t last() const { return all_.sessions.empty() ? 0 : all_.sessions.back().id; }
  SessionsReading take() { return std::exchange(all_, {}); }

 private:
  SessionsReading all_;
  bool complete_ = false;
};

}  // namespace lastbyte::console
