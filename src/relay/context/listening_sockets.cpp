#include "relay/context/listening_sockets.h"

#include <unordered_map>
#include <utility>

namespace lastbyte::relay {

namespace {

/// Whether the group is the same. A newer snapshot of it does not make another state.
bool is_group_of(const ListenerState& state, const Listening& listening) {
  if (!state.group || !listening.snapshot) return !state.group && !listening.snapshot;
  return state.group->snapshot->id == listening.snapshot->id && state.group->port == listening.port;
}

}  // namespace

bool is_state_of(const ListenerState& state, const Listening& listening) {
  return state.forwarding == listening.forwarding && *state.listen == listening.listen.text() &&
         state.upstream_addresses == listening.upstream_addresses && is_group_of(state, listening) &&
         state.upstream_inside == listening.upstream_inside && state.upstream_root == listening.upstream_root &&
         state.may_meet_itself == listening.may_meet_itself;
}

ListenerPtr make_state(Listening listening, unsigned worker) {
  ListenerPtr state(new ListenerState);
  state->name = std::make_shared<const std::string>(listening.forwarding->name);
  state->listen = std::make_shared<const std::string>(listening.listen.text());
  state->upstream_addresses = std::move(listening.upstream_addresses);
  state->upstream_inside = std::move(listening.upstream_inside);
  state->upstream_root = std::move(listening.upstream_root);
  state->sources = ByFamily<net::Source>(listening.forwarding->upstream.sources);
  if (listening.forwarding->upstream.transparent != net::Transparent::off)
    state->upstream_by_family = ByFamily<net::Address>(state->upstream_addresses);
  if (listening.snapshot)
    state->group = make_view(std::move(listening.snapshot), listening.port, listening.forwarding->upstream);
  state->counts = std::move(listening.counts);
  state->all_figures = listening.figures ? std::move(listening.figures)
                                         : std::make_shared<ForwardingFigures>(listening.forwarding->name, worker + 1);
  state->figures = state->all_figures->of_worker.at(worker).get();
  state->may_meet_itself = listening.may_meet_itself;
  state->counts_clients = listening.forwarding->max_sessions_per_client.has_value();
  state->sources_taken = worker;
  state->forwarding = std::move(listening.forwarding);
  return state;
}

void take_snapshot(ListenerState& state, const std::shared_ptr<const upstream::Snapshot>& snapshot) {
  if (!state.group || !snapshot || state.group->snapshot->id != snapshot->id) return;
  if (state.group->snapshot->generation >= snapshot->generation) return;
  state.group = make_view(snapshot, state.group->port, state.forwarding->upstream);
}

namespace {

void destroy(ListeningSockets::List& list) {
  list.clear_and_dispose([](ListeningSocket* socket) { delete socket; });
}

}  // namespace

ListeningSockets::~ListeningSockets() {
  leaving_.clear();
  for (List* list : {&watched_, &unwatched_, &closed_}) destroy(*list);
}

void ListeningSockets::serve(std::vector<Listening> listenings) {
  std::unordered_map<const Descriptor*, ListeningSocket*> known;
  for (List* list : {&watched_, &unwatched_})
    for (ListeningSocket& each : *list) known.emplace(each.socket.get(), &each);
  const auto find = [&](const std::shared_ptr<const Descriptor>& socket) {
    const auto found = known.find(socket.get());
    return found == known.end() ? nullptr : found->second;
  };
  // Everything that may throw comes first.
  std::vector<std::pair<ListeningSocket*, ListenerPtr>> kept;
  std::vector<std::unique_ptr<ListeningSocket>> fresh;
  for (Listening& listening : listenings) {
    const ListeningSocket* first = listening.sockets.empty() ? nullptr : find(listening.sockets.front());
    const bool is_as_before = first != nullptr && is_state_of(*first->state, listening);
    std::vector<std::shared_ptr<const Descriptor>> sockets = std::move(listening.sockets);
    if (is_as_before) take_snapshot(*first->state, listening.snapshot);
    const ListenerPtr state = is_as_before ? first->state : make_state(std::move(listening), worker_);
    for (auto& socket : sockets) {
      if (ListeningSocket* entry = find(socket)) {
        kept.emplace_back(entry, state);
      } else {
        auto& made = fresh.emplace_back(std::make_unique<ListeningSocket>());
        made->socket = std::move(socket);
        made->state = state;
      }
    }
  }
  leaving_.clear();
  for (const auto& [descriptor, each] : known) each->leaving = true;
  for (auto& [entry, state] : kept) {
    entry->state = std::move(state);
    entry->leaving = false;
  }
  for (auto& each : fresh) unwatched_.push_back(*each.release());
  for (const auto& [descriptor, each] : known)
    if (each->leaving) leaving_.push_back(*each);
}

void ListeningSockets::update(const std::vector<std::shared_ptr<const upstream::Snapshot>>& snapshots) {
  for (List* list : {&watched_, &unwatched_})
    for (ListeningSocket& each : *list)
      for (const auto& snapshot : snapshots) take_snapshot(*each.state, snapshot);
}

void ListeningSockets::set_watched(ListeningSocket& socket, bool watched) {
  if (socket.watched == watched) return;
  socket.watched = watched;
  List& from = watched ? unwatched_ : watched_;
  List& to = watched ? watched_ : unwatched_;
  to.splice(to.end(), from, from.iterator_to(socket));
}

ListeningSocket& ListeningSockets::next_leaving() {
  leaving_.shift_forward();
  return leaving_.back();
}

void ListeningSockets::close(ListeningSocket& socket) {
  if (!socket.socket) return;
  socket.socket.reset();
  if (socket.among_leaving.is_linked()) leaving_.erase(leaving_.iterator_to(socket));
  List& from = socket.watched ? watched_ : unwatched_;
  closed_.splice(closed_.end(), from, from.iterator_to(socket));
}

void ListeningSockets::close_all() {
  for (List* list : {&watched_, &unwatched_})
    while (!list->empty()) close(list->front());
}

void ListeningSockets::bury() { destroy(closed_); }

}  // namespace lastbyte::relay
