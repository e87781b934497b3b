// Parts of lines that all kinds of records share.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "relay/terms/record.h"

namespace lastbyte::observe {

/// "TIME #ID NAME CLIENT -> UPSTREAM SUMMARY"
std::string text_head(const relay::Record& record, std::string_view summary);
/// Returns the text, in quotes if it has blanks or control characters, which would break the line's columns.
std::string column(std::string_view text);
/// Returns a time with a useful precision: "412us", "12.3ms", "1.204s".
std::string span_text(std::chrono::microseconds time);

/// Returns `{"event":"end","started":...,"ended":...,"id":...,"forwarding":...,"listen":...`, the beginning of every
/// record.
std::string json_head(const relay::Record& record);
/// Returns "null" for an empty word, otherwise the word in quotes. The word must need no escaping.
std::string quoted_or_null(std::string_view word);
/// Returns why lastbyte abandoned a session; empty: it did not. Needs no escaping.
std::string_view words(relay::Abandoned why);
/// "peer", "lastbyte", "kernel"; empty: nobody.
std::string_view name(relay::ResetBy by);
/// Returns a string from outside in JSON's quotes.
std::string json_string(const std::string& text);
std::string address_or_null(const net::Address& address);

}  // namespace lastbyte::observe
