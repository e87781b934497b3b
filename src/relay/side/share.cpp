#include "relay/side/share.h"

#include "relay/side/transport.h"

namespace lastbyte::relay {

bool Share::reserve(Side& sink) {
  if (sink.in_flight > 0) look(sink);
  const std::uint64_t own = std::uint64_t{sides_[0].in_flight} + sides_[1].in_flight;
  waits_ = !all_.try_add(user(), own, net::kMostDescriptors, now_);
  if (waits_) return false;
  sink.in_flight += net::kMostDescriptors;
  return true;
}

void Share::give_back(Side& sink, std::size_t count) {
  if (count == 0) return;
  sink.in_flight -= static_cast<std::uint32_t>(count);
  all_.remove(user(), count);
}

void Share::look(Side& sink) {
  if (transport::has_received_all(sink)) give_back(sink, sink.in_flight);
}

void Share::forget(Side& sink) {
  look(sink);
  if (sink.in_flight == 0) return;
  all_.remove_later(user(), sink.in_flight, now_);
  sink.in_flight = 0;
}

uid_t Share::user() {
  Side& client = sides_[0];
  if (!client.peer) client.peer = transport::credentials(client);
  return client.peer ? client.peer->uid : static_cast<uid_t>(-1);
}

}  // namespace lastbyte::relay
