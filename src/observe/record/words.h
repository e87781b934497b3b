// Parts of lines that records of every kind share.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// "TIME #ID NAME CLIENT -> UPSTREAM SUMMARY"
std::string text_head(const relay::Record& record, std::string_view summary);
/// As it is where it has neither blanks nor control characters, which would break a line's columns; else in quotes.
std::string column(std::string_view text);
/// As precise as it helps: "412us", "12.3ms", "1.204s".
std::string span_text(std::chrono::microseconds time);

/// `{"event":"end","started":...,"ended":...,"id":...,"forwarding":...,"listen":...`, without what follows.
std::string json_head(const relay::Record& record);
/// "null" for an empty word; otherwise the word, which must need no escaping.
std::string quoted_or_null(std::string_view word);
/// Why lastbyte abandoned a session; empty: it did not. Needs no escaping.
std::string_view words(relay::Abandoned why);
/// "peer", "lastbyte", "kernel"; empty: nobody.
std::string_view name(relay::ResetBy by);
/// A string that is not ours, in JSON's quotes.
std::string json_string(const std::string& text);
std::string address_or_null(const net::Address& address);

}  // namespace lastbyte::observe
