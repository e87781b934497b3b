// The source of lastbyte top's readings. It asks one instance again and again, without blocking, and finds the instance
// again after a restart.
#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "admin/client/exchange.h"
#include "console/reading.h"

namespace lastbyte::console {

using SourceTime = std::chrono::steady_clock::time_point;

/// The result of one request.
struct Picture {
  StatusReading status;
  SessionsReading sessions;
};

/// Error code EBADRQC: the instance answers, but rejects the request.
Result<Picture> picture_of(const admin::Answer& status, const admin::Answer& sessions);

class Source {
 public:
  static constexpr std::chrono::seconds kPatience{10};

  /// `given` is the value of --socket.
  explicit Source(std::optional<std::string> given) : given_(std::move(given)) {}

  /// Requests the status and the sessions. Abandons an earlier request. Fails with the errors of go_on().
  Result<void> ask(const admin::ClientRequest& sessions, SourceTime now);
  [[nodiscard]] bool asks() const { return status_.has_value(); }
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
  /// A request, and its answer when it has arrived.
  struct Asked {
    admin::Exchange exchange;
    std::optional<Result<admin::Answer>> answer = {};
  };
  Result<std::string> path();

  std::optional<std::string> given_;
  std::optional<std::string> path_;  ///< socket of the instance that answered last
  std::optional<Asked> status_;
  std::optional<Asked> sessions_;
  SourceTime asked_until_{};
  std::optional<admin::Exchange> order_;
  SourceTime order_until_{};
};

}  // namespace lastbyte::console
