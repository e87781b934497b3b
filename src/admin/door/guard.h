// Decides who may do what at the doors of the administration and of the dashboard. Only for the server's thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "admin/http/message.h"
#include "base/time.h"

namespace lastbyte::admin {

/// Compares in a time that depends only on `given`.
bool is_token(std::string_view given, std::string_view token);

/// Whether a request may be meant for this machine: its Host is a number, localhost or the machine's own name (`own`).
/// In an attack by DNS rebinding, a page of a foreign host name sends requests here; it has another Host. Pure.
bool is_own_host(std::string_view host, std::string_view own);

/// Whether this server's own page made the request, or no page did.
bool is_own_origin(const Request& request);

class Guard {
 public:
  /// `token` may be empty: there is none.
  explicit Guard(std::string token);

  /// Whether the client may change anything. It must be root or this process's user on a UNIX socket, show the token,
  /// or have logged in.
  [[nodiscard]] bool may_administer(const Request& request) const;
  /// Returns the refusal of a request that no client may make; nullopt: the request is allowed.
  [[nodiscard]] std::optional<Response> refusal(const Request& request) const;

  /// POST /v1/login: exchanges the token for a cookie.
  Response log_in(const Request& request, TimePoint now);
  /// POST /v1/logout.
  Response log_out(const Request& request);

  static constexpr std::size_t kMostLogins = 64;
  static constexpr std::chrono::hours kLoginLasts{12};
  static constexpr int kMostFailures = 5;  ///< per second

 private:
  struct Login {
    std::string secret;
    TimePoint until;
  };
  [[nodiscard]] const Login* login_of(const Request& request) const;

  std::string token_;
  std::string own_name_;
  std::vector<Login> logins_;  ///< the oldest first
  TimePoint failures_since_{};
  int failures_ = 0;
};

}  // namespace lastbyte::admin
