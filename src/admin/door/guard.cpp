#include "admin/door/guard.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace lastbyte::admin {
namespace {

constexpr std::string_view kCookie = "lastbyte";
constexpr std::string_view kBearer = "Bearer ";

std::string machine_name() {
  std::array<char, 256> room{};
  if (::gethostname(room.data(), room.size() - 1) != 0) return {};
  return room.data();
}

/// Returns 128 random bits in hexadecimal digits; empty: the kernel has no random numbers yet.
std::string new_secret() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return {};
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

/// Returns the value of our cookie; empty: there is none.
std::string_view cookie_of(std::string_view header) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    std::string_view pair = header.substr(0, end);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(kCookie) && pair.substr(kCookie.size()).starts_with('='))
      return pair.substr(kCookie.size() + 1);
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return {};
}

Response with_cookie(std::string_view value, std::chrono::seconds lasts) {
  Response response{.status = 204};
  response.headers.emplace_back("Set-Cookie",
                                std::string(kCookie) + "=" + std::string(value) +
                                    "; HttpOnly; SameSite=Strict; Path=/; Max-Age=" + std::to_string(lasts.count()));
  return response;
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']') + 1, host.size()));
  return host.substr(0, std::min(host.find(':'), host.size()));
}

/// Host names have no case (RFC 9110, 4.2.3); browsers send lower case.
std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

bool is_numeric(std::string_view host) {
  if (host.starts_with('[')) return host.ends_with(']');
  return !host.empty() && std::ranges::all_of(host, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

}  // namespace

bool is_token(std::string_view given, std::string_view token) {
  if (token.empty()) return false;
  unsigned difference = given.size() == token.size() ? 0 : 1;
  for (std::size_t index = 0; index < given.size(); ++index) {
    const auto one = static_cast<unsigned char>(given[index]);
    const auto other = static_cast<unsigned char>(token[index % token.size()]);
    difference |= static_cast<unsigned>(one ^ other);
  }
  return difference == 0;
}

bool is_own_host(std::string_view host, std::string_view own) {
  const std::string name = lower_case(without_port(host));
  if (is_numeric(name) || name == "localhost" || name.ends_with(".localhost")) return true;
  // The whole name must match: anybody who knows the machine's name can make a "gw1.evil.example".
  return !own.empty() && name == lower_case(own);
}

bool is_own_origin(const Request& request) {
  if (request.origin.empty()) return true;
  for (const std::string_view scheme : {"http://", "https://"})
    if (request.origin.starts_with(scheme) && std::string_view(request.origin).substr(scheme.size()) == request.host)
      return true;
  return false;
}

Guard::Guard(std::string token) : token_(std::move(token)), own_name_(machine_name()) {}

const Guard::Login* Guard::login_of(const Request& request) const {
  const std::string_view secret = cookie_of(request.cookie);
  if (secret.empty()) return nullptr;
  const TimePoint now = Clock::now();
  for (const Login& each : logins_)
    if (each.until > now && is_token(secret, each.secret)) return &each;
  return nullptr;
}

bool Guard::may_administer(const Request& request) const {
  if (request.peer) return request.peer->uid == 0 || request.peer->uid == ::geteuid();
  if (request.authorization.starts_with(kBearer))
    return is_token(std::string_view(request.authorization).substr(kBearer.size()), token_);
  return login_of(request) != nullptr;
}

std::optional<Response> Guard::refusal(const Request& request) const {
  // A browser cannot connect to a UNIX socket, but a proxy before the socket may forward a browser's request.
  if (!request.peer && !is_own_host(request.host, own_name_))
    return error_response(403, "the Host of the request is not this machine; expected an address, localhost or " +
                                   (own_name_.empty() ? std::string("the machine's name") : own_name_));
  if (!is_own_origin(request)) return error_response(403, "pages of other origins may not use this interface");
  return std::nullopt;
}

Response Guard::log_in(const Request& request, TimePoint now) {
  if (now - failures_since_ >= std::chrono::seconds(1)) {
    failures_since_ = now;
    failures_ = 0;
  }
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  if (!body.is_object() || !body.contains("token") || !body["token"].is_string())
    return error_response(400, R"(expected {"token": "..."})");
  if (!is_token(body["token"].get<std::string>(), token_)) {
    // A right token is accepted in any case: a flood of wrong ones must not lock out the operator.
    if (failures_ >= kMostFailures) return error_response(429, "too many wrong tokens; try again in a second");
    ++failures_;
    return error_response(401, "the token is wrong");
  }
  std::string secret = new_secret();
  if (secret.empty()) return error_response(503, "the kernel has no random numbers yet");
  if (logins_.size() == kMostLogins) logins_.erase(logins_.begin());
  logins_.push_back({secret, now + kLoginLasts});
  return with_cookie(secret, kLoginLasts);
}

Response Guard::log_out(const Request& request) {
  if (const Login* login = login_of(request))
    std::erase_if(logins_, [secret = login->secret](const Login& each) { return each.secret == secret; });
  return with_cookie("", std::chrono::seconds(0));
}

}  // namespace lastbyte::admin
