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

/// All text is as the client sent it, except the decoded path and query.
struct Request {
  std::string method;  ///< "GET"
  std::string target;  ///< the target of the request line, not decoded
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
  /// The client process's credentials; nullopt: it came by TCP.
  std::optional<net::PeerCredentials> peer;

  /// Returns the first value of a parameter; nullopt: not given.
  [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

struct Response {
  unsigned status = 200;
  std::string type = {};  ///< Content-Type; empty: no body
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// If set, the body has no end. The server's thread calls it once, after it has begun to send the header.
  std::function<void(std::shared_ptr<Outlet>)> stream = {};
};

/// Call it once, on any thread. A second or a late call does nothing.
using Respond = std::function<void(Response)>;
/// The server's thread calls it. It must not wait.
using Handler = std::function<void(Request, Respond)>;

/// Returns {"error": WHAT}.
Response error_response(unsigned status, std::string_view what);
Response json_response(std::string body);
Response text_response(unsigned status, std::string body);

}  // namespace lastbyte::admin
