// A client of the administration of a running lastbyte: which one runs, and requests to it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/client/exchange.h"
#include "base/result.h"

namespace lastbyte::admin {

/// The administration's socket: `given`, with or without "unix:", or that of the one instance that runs. An error says
/// that none or several run, or that this user may not ask, and what was expected.
Result<std::string> find_socket(const std::optional<std::string>& given);

/// What was found at the places where instances have their sockets.
struct Instances {
  std::vector<std::string> places = {};   ///< directories that were looked into
  std::vector<std::string> running = {};  ///< sockets that take connections
  std::vector<std::string> denied = {};   ///< sockets that this user may not use
};

/// Pure: the one that runs, or the error.
Result<std::string> choose(const Instances& instances);

/// Blocks until the whole answer is there, at most for `patience`.
Result<Answer> ask(const std::string& socket, const ClientRequest& request,
                   std::chrono::milliseconds patience = std::chrono::seconds(30));

/// Gives each line of an answer without an end, until the other side ends it or `line` returns false.
Result<void> follow(const std::string& socket, const std::string& target,
                    const std::function<bool(std::string_view line)>& line);

/// A segment of a path, or a value of a query: everything but letters, digits and "-._~" is encoded.
std::string encoded(std::string_view text);

}  // namespace lastbyte::admin
