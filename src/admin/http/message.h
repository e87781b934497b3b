// admin: HTTP for operators. This file: a request and its response, as plain data.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/unix/stream.h"

namespace lastbyte::admin {

class Outlet;  // admin/http/outlet.h

/// All text is as the client sent it, except path and query, which are decoded.
struct Request {
  std::string method;  ///< "GET"
  std::string target;  ///< of the request line, not decoded
  std::string path;    ///< "/v1/status"
  std::vector<std::pair<std::string, std::string>> query;
  std::string host;
  std::string origin;
  std::string authorization;
  std::string cookie;
  std::string accept;
  std::string content_type;
  std::string if_none_match;
  std::string body;
  /// Of the client's process; nullopt: it came by TCP.
  std::optional<net::PeerCredentials> peer;

  /// The first value of a parameter; nullopt: it was not given.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

struct Response {
  unsigned status = 200;
  std::string type = {};  ///< Content-Type; empty: there is no body
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// Not null: the body has no end. Called once, on the server's thread, when the header is on its way.
  std::function<void(std::shared_ptr<Outlet>)> stream = {};
};

/// To be called once, on any thread. A second call, and one that comes too late, does nothing.
using Respond = std::function<void(Response)>;
/// Called on the server's thread. It must not wait for anything.
using Handler = std::function<void(Request, Respond)>;

/// {"error": WHAT}
Response error_response(unsigned status, std::string_view what);
Response json_response(std::string body);
Response text_response(unsigned status, std::string body);

}  // namespace lastbyte::admin
