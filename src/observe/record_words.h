// Parts of lines that records of every kind share.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "relay/record.h"

namespace lastbyte::observe {

/// "TIME #ID NAME CLIENT -> UPSTREAM SUMMARY"
std::string text_head(const relay::Record& record, std::string_view summary);
/// As precise as it helps: "412us", "12.3ms", "1.204s".
std::string span_text(std::chrono::microseconds time);

/// `{"started":...,"ended":...,"id":...,"forwarding":...,"listen":...`, without what follows.
std::string json_head(const relay::Record& record);
/// "null" for an empty word; otherwise the word, which must need no escaping.
std::string quoted_or_null(std::string_view word);
std::string address_or_null(const net::Address& address);

}  // namespace lastbyte::observe
