#include "relay/listening_sockets.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lastbyte::relay {

bool is_state_of(const ListenerState& state, const Listening& listening) {
  return state.forwarding == listening.forwarding && *state.listen == listening.listen.text() &&
         state.upstream_addresses == listening.upstream_addresses &&
         state.upstream_inside == listening.upstream_inside && state.may_meet_itself == listening.may_meet_itself;
}

ListenerPtr make_state(Listening listening, unsigned worker) {
  ListenerPtr state(new ListenerState);
  state->name = std::make_shared<const std::string>(listening.forwarding->name);
  state->listen = std::make_shared<const std::string>(listening.listen.text());
  state->upstream_addresses = std::move(listening.upstream_addresses);
  state->upstream_inside = std::move(listening.upstream_inside);
  state->sources = ByFamily(listening.forwarding->upstream.sources);
  if (listening.forwarding->upstream.transparent != net::Transparent::off)
    state->upstream_by_family = ByFamily(state->upstream_addresses);
  state->counts = std::move(listening.counts);
  state->may_meet_itself = listening.may_meet_itself;
  state->counts_clients = listening.forwarding->max_sessions_per_client.has_value();
  state->sources_taken = worker;
  state->forwarding = std::move(listening.forwarding);
  return state;
}

void ListeningSockets::serve(std::vector<Listening> listenings) {
  std::unordered_map<const Descriptor*, ListeningSocket*> known;
  for (const auto& each : sockets_) {
    each->leaving = true;
    known.emplace(each->socket.get(), each.get());
  }
  const auto find = [&](const std::shared_ptr<const Descriptor>& socket) {
    const auto found = known.find(socket.get());
    return found == known.end() ? nullptr : found->second;
  };
  for (Listening& listening : listenings) {
    const ListeningSocket* first = listening.sockets.empty() ? nullptr : find(listening.sockets.front());
    const bool is_as_before = first != nullptr && is_state_of(*first->state, listening);
    std::vector<std::shared_ptr<const Descriptor>> sockets = std::move(listening.sockets);
    const ListenerPtr state = is_as_before ? first->state : make_state(std::move(listening), worker_);
    for (auto& socket : sockets) {
      ListeningSocket* entry = find(socket);
      if (entry == nullptr) {
        entry = sockets_.emplace_back(std::make_unique<ListeningSocket>()).get();
        entry->socket = std::move(socket);
      }
      entry->state = state;
      entry->leaving = false;
    }
  }
}

bool ListeningSockets::any_leaving() const {
  return std::ranges::any_of(sockets_, [](const auto& each) { return each->leaving; });
}

void ListeningSockets::close(ListeningSocket& socket) {
  const auto found = std::ranges::find_if(sockets_, [&](const auto& each) { return each.get() == &socket; });
  if (found == sockets_.end()) return;
  socket.socket.reset();
  closed_.push_back(std::move(*found));
  sockets_.erase(found);
}

void ListeningSockets::close_all() {
  for (const auto& each : sockets_) each->socket.reset();
  std::move(sockets_.begin(), sockets_.end(), std::back_inserter(closed_));
  sockets_.clear();
}

}  // namespace lastbyte::relay
