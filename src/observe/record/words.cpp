#include "observe/record/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "observe/record/moment.h"

namespace lastbyte::observe {

std::string column(std::string_view name) {
  const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < 127 && c != '"'; });
  return plain ? std::string(name) : fmt::format("{:?}", name);
}

// Few strings need escaping: names, UNIX paths, and text of PROXY headers. The rest of a record is numbers and fixed
// words. Building a tree of them first would cost five times as much as writing them.
std::string json_string(const std::string& name) {
  const bool plain = std::ranges::all_of(name, [](char c) { return c >= ' ' && c < 127 && c != '"' && c != '\\'; });
  if (plain) return '"' + name + '"';
  // The dump replaces invalid UTF-8: such a name is no reason to lose the record.
  return nlohmann::json(name).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string text_head(const relay::Record& record, std::string_view summary) {
  using termination::Which;
  return fmt::format("{} #{} {} {} -> {} {}", moment_text(ended(record)), record.id,
                     column(record.forwarding ? std::string_view(*record.forwarding) : "-"),
                     column(record.side(Which::client).address.text()),
                     column(record.side(Which::upstream).address.text()), summary);
}

std::string span_text(std::chrono::microseconds time) {
  const double us = static_cast<double>(time.count());
  if (time < std::chrono::milliseconds(1)) return fmt::format("{}us", time.count());
  if (time < std::chrono::seconds(1)) return fmt::format("{:.1f}ms", us / 1e3);
  return fmt::format("{:.3f}s", us / 1e6);
}

std::string json_head(const relay::Record& record) {
  return fmt::format(R"({{"event":"end","started":"{}","ended":"{}","id":{},"forwarding":{},"listen":{})",
                     moment_text(record.started), moment_text(ended(record)), record.id,
                     record.forwarding ? json_string(*record.forwarding) : "null",
                     record.listen ? json_string(*record.listen) : "null");
}

std::string_view name(relay::ResetBy by) {
  switch (by) {
    case relay::ResetBy::nobody: return {};
    case relay::ResetBy::peer: return "peer";
    case relay::ResetBy::lastbyte: return "lastbyte";
    case relay::ResetBy::kernel: return "kernel";
  }
  return {};
}

std::string_view words(relay::Abandoned why) {
  switch (why) {
    case relay::Abandoned::no: return "";
    case relay::Abandoned::no_memory: return "no memory";
    case relay::Abandoned::not_watched: return "epoll does not take the socket";
    case relay::Abandoned::no_header: return "the PROXY header for the upstream cannot be written";
    case relay::Abandoned::member_down: return "its member of the group is down";
    case relay::Abandoned::member_gone: return "the group no longer has its member or address";
    case relay::Abandoned::bug: return "a bug of lastbyte";
  }
  return "?";
}

std::string quoted_or_null(std::string_view word) { return word.empty() ? "null" : fmt::format("\"{}\"", word); }

std::string address_or_null(const net::Address& address) {
  return address.none() ? "null" : json_string(address.text());
}

}  // namespace lastbyte::observe
