#include "proxy/leaving.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "net/socket/listen_options.h"
#include "net/socket/newcomers.h"

namespace lastbyte::proxy {
namespace {

std::unordered_set<const Descriptor*> sockets_of(const std::vector<Bound>& all) {
  std::unordered_set<const Descriptor*> sockets;
  for (const Bound& bound : all)
    for (const Place& place : bound.places)
      for (const auto& socket : place.per_worker)
        if (socket) sockets.insert(socket.get());
  return sockets;
}

}  // namespace

void Leaving::take_back(const std::vector<Bound>& running) {
  std::unordered_set<const Descriptor*> left;
  for (const Left& each : left_)
    for (const Place& place : each.bound.places) left.insert(place.per_worker.front().get());
  for (const Bound& bound : running) {
    for (const Place& place : bound.places) {
      if (!left.contains(place.per_worker.front().get())) continue;
      // turn_newcomers_away() has reset defer_accept to complete the handshakes.
      net::ListenOptions left_with = place.as.options;
      left_with.defer_accept.reset();
      for (const auto& socket : place.per_worker) {
        net::let_newcomers_in(socket->get());
        // The option was set before, so this cannot fail.
        (void)net::change_listen_options(socket->get(), place.as.transport, place.address, left_with, place.as.options);
      }
    }
  }
  const auto wanted = sockets_of(running);
  for (Left& each : left_)
    std::erase_if(each.bound.places,
                  [&](const Place& place) { return wanted.contains(place.per_worker.front().get()); });
  std::erase_if(left_, [](const Left& each) { return each.bound.places.empty(); });
}

std::vector<Error> Leaving::leave(const std::vector<Bound>& before, const std::vector<Bound>& running, TimePoint now) {
  std::vector<Error> troubles;
  const auto wanted = sockets_of(running);
  const std::size_t known = left_.size();
  for (const Bound& bound : before) {
    Bound left = bound;
    std::erase_if(left.places, [&](const Place& place) { return wanted.contains(place.per_worker.front().get()); });
    for (const Place& place : left.places) {
      if (place.file)
        if (auto removed = place.file->remove(); !removed) troubles.push_back(std::move(removed.error()));
      if (place.as.transport == net::Transport::unix_stream)
        for (const auto& socket : place.per_worker) net::turn_newcomers_away(socket->get());
    }
    // The worker of a UDP socket closes it after reading its queue.
    std::erase_if(left.places, [this](const Place& place) {
      if (place.as.transport == net::Transport::tcp) return false;
      fade(place);
      return true;
    });
    if (!left.places.empty()) left_.push_back({std::move(left), now + kHandshakes});
  }
  turn_newcomers_away(running, known);
  return troubles;
}

/// `known`: the number of ports in left_ before this reload.
void Leaving::turn_newcomers_away(const std::vector<Bound>& running, std::size_t known) {
  if (left_.empty()) return;
  std::vector<Place*> leaving;
  for (Left& left : left_)
    for (Place& place : left.bound.places)
      if (!place.gave_way) leaving.push_back(&place);
  std::vector<const Place*> staying;
  for (const Bound& bound : running)
    for (const Place& place : bound.places) staying.push_back(&place);
  for (Place* place : in_the_way(leaving, staying))
    for (const auto& socket : place->per_worker) place->gave_way = net::give_way(socket->get()) == 0 || place->gave_way;
  for (std::size_t index = known; index < left_.size(); ++index)
    for (const Place& place : left_[index].bound.places)
      if (!place.gave_way)
        for (const auto& socket : place.per_worker) net::turn_newcomers_away(socket->get());
}

std::optional<TimePoint> Leaving::next_release() const {
  if (left_.empty()) return std::nullopt;
  return std::ranges::min(left_, {}, &Left::until).until;
}

bool Leaving::release(TimePoint now) {
  const auto is_over = [&](const Left& left) {
    if (left.until > now) return false;
    for (const Place& place : left.bound.places) fade(place);
    return true;
  };
  return std::erase_if(left_, is_over) != 0;
}

bool Leaving::forget_closed() {
  const auto is_closed = [](const Fading& each) {
    return std::ranges::all_of(each.per_worker, [](const auto& socket) { return socket.expired(); });
  };
  return std::erase_if(fading_, is_closed) != 0;
}

void Leaving::clear() { left_.clear(); }

void Leaving::fade(const Place& place) {
  Fading fading{place.as, place.address, {}};
  for (const auto& socket : place.per_worker)
    if (socket) fading.per_worker.emplace_back(socket);
  fading_.push_back(std::move(fading));
}

std::vector<Bound> Leaving::served_with(std::vector<Bound> running) const {
  for (const Left& left : left_) running.push_back(left.bound);
  return running;
}

void Leaving::add_to(Standing& standing) const {
  for (const Left& left : left_)
    for (const Place& place : left.bound.places)
      place.gave_way ? standing.fading.push_back(place) : standing.places.push_back(&place);
  for (const Fading& each : fading_) {
    Place place{each.as, each.address, {}};
    for (const auto& socket : each.per_worker)
      if (auto alive = socket.lock()) place.per_worker.push_back(std::move(alive));
    if (!place.per_worker.empty()) standing.fading.push_back(std::move(place));
  }
}

std::size_t Leaving::descriptors() const {
  std::unordered_set<const Descriptor*> open;
  for (const Left& left : left_)
    for (const Place& place : left.bound.places)
      for (const auto& socket : place.per_worker) open.insert(socket.get());
  for (const Fading& fading : fading_)
    for (const auto& socket : fading.per_worker)
      if (const auto alive = socket.lock()) open.insert(alive.get());
  return open.size();
}

}  // namespace lastbyte::proxy
