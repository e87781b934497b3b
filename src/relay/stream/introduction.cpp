#include "relay/stream/introduction.h"

#include <cerrno>
#include <cstring>
#include <optional>
#include <span>

#include "relay/side/transport.h"

namespace lastbyte::relay {

namespace proxy = net::proxy_protocol;

namespace {

/// Reads exactly room.size() bytes, which are in the queue. nullopt: success.
std::optional<Introduced> read_whole(Side& client, std::span<std::byte> room) {
  while (!room.empty()) {
    const auto got = transport::read_with_descriptors(client, room);
    if (got.bytes <= 0) return ClientFailed{errno};  // the bytes were there a moment ago, and nobody else reads them
    if (got.lost_some || !got.descriptors.empty()) return CarriesDescriptors{};
    room = room.subspan(static_cast<std::size_t>(got.bytes));
  }
  return std::nullopt;
}

Introduced introduced(Heard heard) {
  return std::visit([](auto& each) -> Introduced { return std::move(each); }, heard);
}

}  // namespace

Introduced hear_client(Side& client, Greeting& greeting, Block& buffer, ProxyHeader mode, Coming coming) {
  std::string& begun = greeting.begun;
  for (;;) {
    // One byte beyond the longest header shows whether something follows it.
    const auto room = std::span(buffer).first(kLongestGreeting + 1);
    std::memcpy(room.data(), begun.data(), begun.size());
    const auto fresh = room.subspan(begun.size());
    const ssize_t got = transport::peek(client, fresh);
    if (got < 0 && errno != EAGAIN) return ClientFailed{errno};
    if (got == 0) coming = Coming::ended;
    const std::size_t came = got > 0 ? static_cast<std::size_t>(got) : 0;
    const auto seen = room.first(begun.size() + came);
    Heard heard = hear(seen, mode, Coming::more);
    const bool unfinished = std::holds_alternative<Await>(heard);
    if (unfinished && came > 0 && proxy::has_signature(seen)) {
      if (auto failed = read_whole(client, fresh.first(came))) return std::move(*failed);
      begun.append(reinterpret_cast<const char*>(fresh.data()), came);
      continue;
    }
    if (unfinished && coming != Coming::more) return introduced(hear(seen, mode, coming));
    const auto* header = std::get_if<proxy::Header>(&heard);
    if (header == nullptr) return introduced(std::move(heard));
    if (auto failed = read_whole(client, std::span(buffer).first(header->length - begun.size())))
      return std::move(*failed);
    begun = std::string();
    client.ledger.introduced = static_cast<std::uint32_t>(header->length);
    // The next bytes raise a new edge.
    if (seen.size() == header->length && !client.ready.hung_up && transport::short_read_empties(client))
      client.ready.readable = false;
    return introduced(std::move(heard));
  }
}

}  // namespace lastbyte::relay
