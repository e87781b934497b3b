// All open sessions that a filter lets through, page after page. Pure.
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

  /// The page of the sessions with numbers above `id`, the smallest first: sessions that begin and end meanwhile make
  /// nobody else's row come twice or never.
  [[nodiscard]] admin::ClientRequest page_after(std::uint64_t id) const;
};

class Pages {
 public:
  static constexpr std::size_t kPage = 5000;  ///< the most that the administration gives at once
  static constexpr std::size_t kMost = 200'000;

  /// An error (ESTALE): lastbyte was started anew since the first page.
  Result<void> add(SessionsReading page);
  /// No page is missing, or there are kMost sessions.
  [[nodiscard]] bool complete() const { return complete_; }
  /// The next page is the one after it.
  [[nodiscard]] std::uint64_t last() const { return all_.sessions.empty() ? 0 : all_.sessions.back().id; }
  SessionsReading take() { return std::exchange(all_, {}); }

 private:
  SessionsReading all_;
  bool complete_ = false;
};

}  // namespace lastbyte::console
