// A client of the administration of a running lastbyte: which one runs, and requests to it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::admin {

/// The administration's socket: `given`, or that of the one instance that runs. An error says that none or several run,
/// and what was expected.
Result<std::string> find_socket(const std::optional<std::string>& given);

struct Answer {
  int status = 0;
  std::string body;
};

/// Blocks until the whole answer is there, for 30 s at most.
Result<Answer> ask(const std::string& socket, std::string_view method, const std::string& target,
                   const std::string& body = "");

/// Gives each line of an answer without an end, until the other side ends it.
Result<void> follow(const std::string& socket, const std::string& target,
                    const std::function<void(std::string_view line)>& line);

/// A segment of a path, or a value of a query: everything but letters, digits and "-._~" is encoded.
std::string encoded(std::string_view text);

}  // namespace lastbyte::admin
