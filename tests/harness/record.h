// Session records as the daemon writes them with --log-format json (T11).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace lastbyte::system_test {

struct SideRecord {
  std::string address;
  std::string end;
  std::string error;  ///< "": none
  std::uint64_t received = 0;
  std::uint64_t delivered = 0;
  std::uint64_t undelivered = 0;
  std::uint64_t discarded = 0;
  std::uint64_t rescued = 0;
  std::uint64_t descriptors = 0;
};

/// One try to reach a member of a group.
struct Try {
  std::string member;
  std::string address;
  std::string end;
  std::string error;  ///< "": none
  std::int64_t began_us = 0;
  std::int64_t took_us = 0;
};

struct Record {
  std::string line;  ///< the line as written
  std::uint64_t id = 0;
  std::string forwarding;
  std::string listen;
  bool complete = false;
  std::string summary;
  std::string first;
  std::string first_side;  ///< "": none
  std::string limit;
  std::uint64_t retries = 0;
  std::int64_t duration_us = 0;
  std::int64_t connect_us = -1;  ///< -1: the upstream was never connected
  std::string via;               ///< "" here and in the next four: none
  std::string proxy_header;
  std::string unique_id;
  std::string authority;
  std::string rejected;
  std::string abandoned;
  std::string group;
  std::string member;
  std::vector<Try> tries;
  SideRecord client;
  SideRecord upstream;
};

/// Parses one line without its line end.
Result<Record> parse_record(const std::string& line);

/// Converts the daemon's messages in JSON to lines of text. Other lines stay as they are.
std::string messages_as_text(const std::string& written);

/// Parses every whole line of the text. The test fails if a line cannot be parsed, or its sums do not agree (T11).
std::vector<Record> parse_records(const std::string& text);

}  // namespace lastbyte::system_test
