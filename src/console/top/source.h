// The source of lastbyte top's readings. It asks one instance again and again, without blocking, and finds the instance
// again after a restart.
#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "admin/client/exchange.h"
#include "console/pages.h"
#include "console/reading.h"

namespace lastbyte::console {

using SourceTime = std::chrono::steady_clock::time_point;

/// The result of one request.
struct Picture {
  StatusReading status;
  SessionsReading sessions;
};

class Source {
 public:
  static constexpr std::chrono::seconds kPatience{10};

  /// `given` is the value of --socket.
  explicit Source(std::optional<std::string> given) : given_(std::move(given)) {}

  /// Requests the status and the sessions. Abandons an earlier request. Fails with the errors of go_on(). Error code
  /// EBADRQC: the instance answers, but rejects the request.
  Result<void> ask(const SessionsRequest& sessions, SourceTime now);
  [[nodiscard]] bool asks() const { return asks_; }
  /// Requests the end of a session. Returns false if an order is under way or there is no instance.
  bool order(const admin::ClientRequest& request, SourceTime now);

  void add_to(std::vector<pollfd>& polled) const;
  /// The time of the next go_on() if no descriptor becomes ready.
  [[nodiscard]] SourceTime gives_up_at() const;
  /// Continues without waiting; nullopt: no result yet.
  std::optional<Result<Picture>> go_on(SourceTime now);
  /// Returns the order's result; nullopt: no result yet.
  std::optional<Result<admin::Answer>> order_done(SourceTime now);

 private:
  Result<std::string> path();
  void give_up();
  Result<bool> take_what_came();
  Result<void> take_page();

  std::optional<std::string> given_;
  std::optional<std::string> path_;  ///< socket of the instance that answered last
  // The request under way. Each exchange is reset when its answer has arrived.
  bool asks_ = false;
  SessionsRequest request_;
  std::optional<admin::Exchange> status_exchange_;
  std::optional<admin::Exchange> page_exchange_;
  std::optional<StatusReading> status_;
  Pages pages_;
  SourceTime asked_until_{};
  std::optional<admin::Exchange> order_;
  SourceTime order_until_{};
};

}  // namespace lastbyte::console
