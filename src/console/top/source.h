// Where lastbyte top has its readings from: asks one instance again and again, without blocking, and finds it again
// when it comes back.
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

/// What came of one question.
struct Picture {
  StatusReading status;
  SessionsReading sessions;
};

/// The error's code is EBADRQC where the instance answers, and does not take the request.
Result<Picture> picture_of(const admin::Answer& status, const admin::Answer& sessions);

class Source {
 public:
  static constexpr std::chrono::seconds kPatience{10};

  /// `given`: --socket.
  explicit Source(std::optional<std::string> given) : given_(std::move(given)) {}

  /// Asks for the status and for the sessions. Gives up what was asked before. An error is what go_on() would give.
  Result<void> ask(const admin::ClientRequest& sessions, SourceTime now);
  [[nodiscard]] bool asks() const { return status_.has_value(); }
  /// Asks to end a session. False: an order is under way, or there is no instance.
  bool order(const admin::ClientRequest& request, SourceTime now);

  void add_to(std::vector<pollfd>& polled) const;
  /// When go_on() has something to do though nothing is ready.
  [[nodiscard]] SourceTime gives_up_at() const;
  /// Does what can be done now; nullopt: nothing has come of it yet.
  std::optional<Result<Picture>> go_on(SourceTime now);
  /// The same for the order.
  std::optional<Result<admin::Answer>> order_done(SourceTime now);

 private:
  /// An exchange, and its answer once it is there.
  struct Asked {
    admin::Exchange exchange;
    std::optional<Result<admin::Answer>> answer = {};
  };
  Result<std::string> path();

  std::optional<std::string> given_;
  std::optional<std::string> path_;  ///< of the instance that answered last
  std::optional<Asked> status_;
  std::optional<Asked> sessions_;
  SourceTime asked_until_{};
  std::optional<admin::Exchange> order_;
  SourceTime order_until_{};
};

}  // namespace lastbyte::console
