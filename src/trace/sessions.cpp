#include "trace/sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"

namespace lastbyte::trace {
namespace {

using Json = nlohmann::json;

/// "16,384"
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string bytes(std::uint64_t number) { return grouped(number) + (number == 1 ? " byte" : " bytes"); }

EndedSide side_of(const Json& event, const std::string& side, const std::string& other, std::uint32_t pid) {
  const Json& session = event.at("session");
  const Json& socket = event.at("sockets").at(side);
  const Json& peer = socket.at("peer");
  return {.pid = pid,
          .session = session.at("id"),
          .forwarding = session.at("forwarding"),
          .side = side,
          .other = other,
          .cookie = socket.at("cookie"),
          .local = socket.at("local"),
          .peer = peer.is_string() ? peer.get<std::string>() : std::string(),
          .end = session.at(side).at("end"),
          .other_end = session.at(other).at("end"),
          .limit = session.at("limit"),
          .delivered = session.at(other).at("delivered"),
          .undelivered = session.at(other).at("undelivered")};
}

struct Phrase {
  std::string_view end;
  std::string_view text;
};

/// The reasons why the other side's end made lastbyte reset this side. The text follows the side's name.
constexpr std::array kPassedOn{Phrase{"reset", "had reset first"}, Phrase{"refused", "had refused data"},
                               Phrase{"vanished", "had stopped answering"},
                               Phrase{"unreachable", "could not be reached"}};

constexpr std::array kOwn{Phrase{"limit", "a limit had passed"}, Phrase{"stopped", "the operator stopped the session"},
                          Phrase{"aborted", "the client's FIN ends the session (late-fin: abort)"},
                          Phrase{"rejected", "the client was rejected"},
                          Phrase{"abandoned", "lastbyte could not continue the session"}};

template <typename Phrases>
std::string_view phrase(const Phrases& phrases, std::string_view end, std::string_view otherwise) {
  const auto found = std::ranges::find(phrases, end, &Phrase::end);
  return found == phrases.end() ? otherwise : found->text;
}

std::string own_reason(const EndedSide& side) {
  if (side.end == "passed_on")
    return fmt::format("the {} {}", side.other, phrase(kPassedOn, side.other_end, "had failed"));
  if (side.end == "limit") return fmt::format("the limit {} had passed", printable(side.limit));
  return std::string(phrase(kOwn, side.end, "the session had ended"));
}

/// Says how many of the other side's bytes this side's peer has acknowledged.
std::string fate_of_bytes(const EndedSide& side) {
  std::string text =
      fmt::format(", {} {} delivered before", bytes(side.delivered), side.delivered == 1 ? "was" : "were");
  if (side.undelivered > 0)
    text += fmt::format(", {} {} not", grouped(side.undelivered), side.undelivered == 1 ? "was" : "were");
  return text;
}

}  // namespace

std::vector<EndedSide> ended_sides(std::string_view line, std::uint32_t pid) {
  std::vector<EndedSide> sides;
  // Skips the parsing of most lines: they report sessions that ended well.
  if (line.find(R"("sockets":)") == std::string_view::npos) return sides;
  const Json event = Json::parse(line, nullptr, false);
  try {
    if (event.at("event") != "session_ended") return sides;
    for (const auto& [side, other] : {std::pair("client", "upstream"), std::pair("upstream", "client")})
      if (event.at("sockets").at(side).is_object()) sides.push_back(side_of(event, side, other, pid));
  } catch (const Json::exception&) {
    sides.clear();  // another version of lastbyte wrote the line
  }
  return sides;
}

std::string_view word(SentBy by) {
  switch (by) {
    case SentBy::peer: return "peer";
    case SentBy::lastbyte: return "lastbyte";
    case SentBy::kernel: return "kernel";
  }
  return {};
}

SentBy sent_by(const kernel::TcpEvent& event, const EndedSide& side) {
  if (event.kind == kernel::EventKind::reset_received) return SentBy::peer;
  // lastbyte resets by a close with SO_LINGER 0 (T7). These are its reasons (net/ipv4/tcp.c tcp_disconnect).
  if (event.reason == "TCP_STATE" || event.reason == "TCP_DISCONNECT_WITH_DATA") return SentBy::lastbyte;
  const bool on_purpose = side.end == "passed_on" || std::ranges::find(kOwn, side.end, &Phrase::end) != kOwn.end();
  return event.reason.empty() && on_purpose ? SentBy::lastbyte : SentBy::kernel;
}

std::string cause(const kernel::TcpEvent& event, const EndedSide& side) {
  switch (sent_by(event, side)) {
    case SentBy::peer: return "the peer sent it" + fate_of_bytes(side);
    case SentBy::lastbyte: return "lastbyte sent it: " + own_reason(side) + fate_of_bytes(side);
    case SentBy::kernel: return "the kernel sent it on lastbyte's behalf" + fate_of_bytes(side);
  }
  return {};
}

}  // namespace lastbyte::trace
