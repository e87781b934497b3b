// Who may do what at the doors of the administration and of the dashboard. The server's thread alone.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "admin/http/message.h"
#include "base/time.h"

namespace lastbyte::admin {

/// Compares in a time that depends on `given` alone.
bool is_token(std::string_view given, std::string_view token);

/// Whether a request may be meant for this machine: a Host that is a number, localhost or the machine's own name. A
/// page of a stranger's host name that leads here (DNS rebinding) has another one. Pure, but for `own`: the machine's
/// name.
bool is_own_host(std::string_view host, std::string_view own);

/// Whether the page that made the request is this server's own, or the request is no page's.
bool is_own_origin(const Request& request);

class Guard {
 public:
  /// `token`: empty, where there is none.
  explicit Guard(std::string token);

  /// Whether the client may change anything: root, or the user of this process, on a UNIX socket; one that shows the
  /// token; or one that has logged in.
  [[nodiscard]] bool may_administer(const Request& request) const;
  /// A request that is to be refused whoever makes it; nullopt: none such.
  [[nodiscard]] std::optional<Response> refusal(const Request& request) const;

  /// POST /v1/login: exchanges the token for a cookie.
  Response log_in(const Request& request, TimePoint now);
  /// POST /v1/logout.
  Response log_out(const Request& request);

  static constexpr std::size_t kMostLogins = 64;
  static constexpr std::chrono::hours kLoginLasts{12};
  static constexpr int kMostFailures = 5;  ///< a second

 private:
  struct Login {
    std::string secret;
    TimePoint until;
  };
  [[nodiscard]] const Login* login_of(const Request& request) const;

  std::string token_;
  std::string own_name_;
  std::vector<Login> logins_;  ///< the oldest in front
  TimePoint failures_since_{};
  int failures_ = 0;
};

}  // namespace lastbyte::admin
