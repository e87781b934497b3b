// A client of a running lastbyte's administration: finds the instance and sends requests.
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

/// Returns the administration's socket: `given`, with or without "unix:", or that of the only running instance. An
/// error says that none or several run, or that this user may not connect, and what was expected.
Result<std::string> find_socket(const std::optional<std::string>& given);

/// The sockets found where instances have theirs.
struct Instances {
  std::vector<std::string> places = {};   ///< the directories searched
  std::vector<std::string> running = {};  ///< sockets that accept connections
  std::vector<std::string> denied = {};   ///< sockets that this user may not use
};

/// Returns the only running instance, or the error. Pure.
Result<std::string> choose(const Instances& instances);

/// Blocks until the whole answer has arrived, at most for `patience`.
Result<Answer> ask(const std::string& socket, const ClientRequest& request,
                   std::chrono::milliseconds patience = std::chrono::seconds(30));

/// Passes each line of an endless answer to `line`, until the other side ends it or `line` returns false.
Result<void> follow(const std::string& socket, const std::string& target,
                    const std::function<bool(std::string_view line)>& line);

/// Encodes a segment of a path, or a value of a query: everything but letters, digits and "-._~".
std::string encoded(std::string_view text);

}  // namespace lastbyte::admin
