#include "admin/api/events.h"

#include <algorithm>
#include <charconv>

#include "admin/api/json.h"

namespace lastbyte::admin {
namespace {

constexpr int kQuiet = 300;  ///< deliveries without an event until a comment shows that the stream is alive

}  // namespace

Response Events::follow(const Request& request) {
  std::optional<std::uint64_t> session;
  for (const auto& [name, value] : request.query) {
    if (name != "session") return error_response(400, "'" + name + "': there is no such parameter; expected session");
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), id);
    if (error != std::errc() || end != value.data() + value.size())
      return error_response(400, "session: '" + value + "': expected the number of a session");
    session = id;
  }
  const bool server_sent = request.accept.find("text/event-stream") != std::string::npos;
  Response response;
  response.type = server_sent ? "text/event-stream" : "application/x-ndjson";
  response.stream = [this, server_sent, session](std::shared_ptr<Outlet> outlet) {
    if (readers_.empty()) {
      // Events from before the first reader belong to nobody.
      operations_.take_events([](const relay::SessionEvent&) {}, [](const Happening&) {});
      operations_.follow_sessions(true);
      dropped_ = operations_.events_dropped();
    }
    // A browser reports the stream as open only after the first byte.
    if (server_sent) outlet->send(": events of lastbyte\n\n");
    readers_.push_back({.outlet = std::move(outlet), .session = session, .server_sent = server_sent});
  };
  return response;
}

bool Events::give(Reader& reader, const std::string& event) {
  const std::string text = reader.server_sent ? "data: " + event + "\n\n" : event + "\n";
  if (!reader.outlet->send(text)) return false;
  reader.quiet = 0;
  return true;
}

void Events::tell_missed(Reader& reader) {
  if (reader.missed == 0) return;
  if (give(reader, dropped_json(reader.missed, std::chrono::system_clock::now()))) reader.missed = 0;
}

void Events::deliver() {
  if (readers_.empty()) return;
  std::erase_if(readers_, [](const Reader& each) { return !each.outlet->open(); });
  if (readers_.empty()) return operations_.follow_sessions(false);
  const auto dropped = operations_.events_dropped();
  for (Reader& each : readers_) {
    each.missed += dropped - dropped_;
    tell_missed(each);
  }
  dropped_ = dropped;
  const auto to_all = [this](const std::string& event, std::optional<std::uint64_t> session = {}) {
    for (Reader& each : readers_) {
      if (each.session && each.session != session) continue;
      if (each.missed > 0 || !give(each, event)) ++each.missed;
    }
  };
  operations_.take_events(
      [&](const relay::SessionEvent& event) {
        to_all(event_json(event, std::chrono::system_clock::now()), event.record.id);
      },
      [&](const Happening& happening) { to_all(event_json(happening)); });
  for (Reader& each : readers_) {
    if (!each.server_sent || ++each.quiet < kQuiet) continue;
    each.quiet = 0;
    each.outlet->send(":\n\n");
  }
}

}  // namespace lastbyte::admin
