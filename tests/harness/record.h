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
  std::string error;  ///< "" where there is none
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
  std::string error;  ///< "" where there is none
  std::int64_t began_us = 0;
  std::int64_t took_us = 0;
};

struct Record {
  std::string line;  ///< as it was written
  std::uint64_t id = 0;
  std::string forwarding;
  std::string listen;
  bool complete = false;
  std::string summary;
  std::string first;
  std::string first_side;  ///< "" where there is none
  std::string limit;
  std::uint64_t retries = 0;
  std::int64_t duration_us = 0;
  std::int64_t connect_us = -1;  ///< -1: the upstream was never connected
  std::string via;               ///< "" where there is none, like the next four
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

/// One line, without its end.
Result<Record> parse_record(const std::string& line);

/// The daemon's messages in JSON as lines of text, other lines as they are.
std::string messages_as_text(const std::string& lines);

/// Every whole line of the text. The test fails where one cannot be read, or where its sums do not agree (T11).
std::vector<Record> parse_records(const std::string& text);

}  // namespace lastbyte::system_test
