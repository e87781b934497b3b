// DatagramRelay: moving datagrams.
#include "relay/datagram/relay.h"

#include <algorithm>
#include <array>

#include "base/memory.h"
#include "net/datagram/socket.h"
#include "net/socket/calls.h"
#include "relay/datagram/boxes.h"
#include "relay/datagram/errors.h"
#include "relay/datagram/runs.h"

namespace lastbyte::relay {
namespace {

/// This many slots at once from one upstream make its socket get ready for more.
constexpr std::size_t kMany = 8;
/// With fewer slots free than this, replies are sent before more are received.
constexpr std::size_t kFewSlots = 16;
/// A session ends after all datagrams for its upstream have failed for this long for lack of a route.
constexpr Duration kNoWayLasts{3000};
/// The most batches read from a failed upstream: more small datagrams than a receive buffer of 4 MiB may hold.
constexpr int kLastBatches = 256;

std::size_t datagrams_in(const net::Arrival& arrival) {
  if (arrival.bytes.empty()) return 1;
  return (arrival.bytes.size() + arrival.segment - 1) / arrival.segment;
}

}  // namespace

void DatagramRelay::on_clients(DatagramSocket& at) {
  if (at.watched) receive_from_clients(at);
}

/// False: the queue was empty.
bool DatagramRelay::receive_from_clients(DatagramSocket& at) {
  flush();
  net::DatagramInbox& in = boxes_->in;
  const int got = in.receive(at.socket->get(), true);
  if (got < 0) {
    // An unconnected socket without IP_RECVERR reports no ICMP error (net/ipv4/udp.c __udp4_lib_err). The listener
    // continues after any other error.
    if (got != -EAGAIN) net::take_error(at.socket->get());
    return false;
  }
  DatagramSession* session = nullptr;
  for (std::size_t slot = 0; slot < in.used(); ++slot) {
    const bool same = session != nullptr && !session->ended && session->key.ends == in.ends(slot);
    // Without memory, a client gets no session. The other clients of the batch do.
    if (!same && !enough_memory_for([&] { session = session_for(at, slot); })) session = nullptr;
    if (session == nullptr) {
      host_.counters.add(Count::datagrams_refused, datagrams_in(in.arrival(slot)));
      continue;
    }
    count(*session, Which::client, in.arrival(slot));
    boxes_->next[slot] = DatagramSession::kNone;
    if (session->first_slot == DatagramSession::kNone) {
      session->first_slot = static_cast<std::uint32_t>(slot);
      touched_.push_back(session);
    } else {
      boxes_->next[session->last_slot] = slot;
    }
    session->last_slot = static_cast<std::uint32_t>(slot);
  }
  for (DatagramSession* each : touched_) forward(*each);
  touched_.clear();
  flush();
  return true;
}

void DatagramRelay::count(DatagramSession& session, Which source, const net::Arrival& arrival) {
  const std::size_t datagrams = datagrams_in(arrival);
  session.flow(source).received += datagrams;
  session.flow(source).received_bytes += arrival.bytes.size();
  Figures& figures = *session.at.port->state->figures;
  figures.add(Family::datagrams_received, source, datagrams);
  figures.add(Family::received_bytes, source, arrival.bytes.size());
  host_.counters.add(Count::datagrams, datagrams);
}

/// Forwards the session's datagrams of this batch to its upstream.
void DatagramRelay::forward(DatagramSession& session) {
  std::array<std::size_t, net::DatagramInbox::kSlots> slots;
  std::size_t used = 0;
  for (std::size_t slot = session.first_slot; slot != DatagramSession::kNone; slot = boxes_->next[slot])
    slots[used++] = slot;
  session.first_slot = DatagramSession::kNone;
  if (used == 0) return;
  DatagramGroup& group = *session.at.group;
  if (!group.superseded) group.table.touch(session, context_.now);
  session.answered = false;
  send_runs(session, Which::upstream, std::span(slots).first(used));
}

void DatagramRelay::on_upstream(DatagramSession& session) {
  if (session.ended) return;
  net::DatagramInbox& in = boxes_->in;
  if (in.free() < kFewSlots) flush();
  const std::size_t before = in.used();
  if (receive_from_upstream(session) < 0) return;
  if (!session.tuned && in.used() - before >= kMany) {
    session.tuned = true;
    net::prepare_for_many_datagrams(session.upstream.get());
  }
}

/// Returns how many slots of the inbox it filled, or a negative errno: -EAGAIN if the queue was empty.
int DatagramRelay::receive_from_upstream(DatagramSession& session) {
  net::DatagramInbox& in = boxes_->in;
  const std::size_t first = in.used();
  const int got = in.receive(session.upstream.get(), false);
  if (got < 0) {
    upstream_error(session, -got);
    return got;
  }
  std::array<std::size_t, net::DatagramInbox::kSlots> slots;
  for (std::size_t slot = first; slot < in.used(); ++slot) {
    count(session, Which::upstream, in.arrival(slot));
    slots[slot - first] = slot;
  }
  session.at.group->table.touch(session, context_.now);
  session.unreachable.reset();
  heard_upstream(session);
  send_runs(session, Which::client, std::span(slots).first(in.used() - first));
  return static_cast<int>(in.used() - first);
}

/// Puts the datagrams of these slots into the outbox in their order, in as few messages as possible.
void DatagramRelay::send_runs(DatagramSession& session, Which sink, std::span<const std::size_t> slots) {
  const bool to_client = sink == Which::client;
  const int fd = to_client ? session.at.socket->get() : session.upstream.get();
  if (boxes_->target != fd) send_out();
  boxes_->target = fd;
  std::array<DatagramPiece, net::DatagramInbox::kSlots> room;
  const auto pieces = std::span(room).first(slots.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const net::Arrival& arrival = boxes_->in.arrival(slots[i]);
    pieces[i] = {.size = arrival.bytes.size(), .segment = arrival.segment};
  }
  const RunLimits limits{.segment = session.largest_segment[static_cast<std::size_t>(sink)],
                         .datagrams = net::DatagramOutbox::kMostSegments,
                         .bytes = net::kLargestDatagram};
  for (DatagramPlace at; at.piece < pieces.size();) {
    const DatagramRun run = next_run(pieces, at, limits);
    std::array<iovec, net::DatagramInbox::kSlots> parts;
    std::size_t used = 0;
    for (std::size_t piece = run.begin.piece; piece < pieces.size() && piece <= run.end.piece; ++piece) {
      const std::size_t begin = piece == run.begin.piece ? run.begin.offset : 0;
      const std::size_t end = piece == run.end.piece ? run.end.offset : pieces[piece].size;
      if (begin == end && piece == run.end.piece) break;
      parts[used++] = {boxes_->in.arrival(slots[piece]).bytes.data() + begin, end - begin};
    }
    if (!boxes_->out.has_room(used)) send_out();
    boxes_->sending[boxes_->out.count()] = {&session, sink, run.datagrams, run.bytes, run.segment};
    boxes_->out.add(to_client ? &session.key.ends : nullptr, std::span(parts).first(used),
                    run.datagrams > 1 ? run.segment : 0);
    at = run.end;
  }
}

void DatagramRelay::send_out() {
  net::DatagramOutbox& out = boxes_->out;
  for (std::size_t at = 0; at < out.count();) {
    const int sent = out.send(boxes_->target, at);
    if (sent > 0) {
      for (const Sending& each : std::span(boxes_->sending).subspan(at, static_cast<std::size_t>(sent)))
        if (each.sink == Which::upstream) each.session->unreachable.reset();
      at += static_cast<std::size_t>(sent);
    } else if (!send_failed(at, -sent)) {
      ++at;
    }
  }
  out.clear();
}

void DatagramRelay::flush() {
  send_out();
  boxes_->in.clear();
}

/// True: the session has another upstream now, and the message must be sent to it.
bool DatagramRelay::send_failed(std::size_t message, int error) {
  const Sending& sending = boxes_->sending[message];
  DatagramSession& session = *sending.session;
  if (sending.sink == Which::upstream && go_on_to_next(session, error)) {
    boxes_->target = session.upstream.get();
    return true;
  }
  if (sending.datagrams > 1 && refuses_segmentation(error)) {
    // Smaller segments may still share a send, unless the device cannot do it.
    session.largest_segment[static_cast<std::size_t>(sending.sink)] = error == EIO ? 0 : sending.segment - 1;
    send_singly(message);
    return false;
  }
  drop(session, termination::other(sending.sink), sending.datagrams, sending.bytes);
  if (sending.sink == Which::upstream) upstream_error(session, error);
  return false;
}

/// Sends each datagram of a message alone. No datagram spans two parts.
void DatagramRelay::send_singly(std::size_t message) {
  const Sending sending = boxes_->sending[message];
  for (const iovec& part : boxes_->out.parts(message)) {
    auto* const bytes = static_cast<std::byte*>(part.iov_base);
    for (std::size_t offset = 0; offset < part.iov_len; offset += sending.segment) {
      const iovec one{bytes + offset, std::min(sending.segment, part.iov_len - offset)};
      const int error = boxes_->out.send_alone(boxes_->target, message, one);
      if (error == 0) {
        if (sending.sink == Which::upstream) sending.session->unreachable.reset();
        continue;
      }
      drop(*sending.session, termination::other(sending.sink), 1, one.iov_len);
      if (sending.sink == Which::upstream) upstream_error(*sending.session, error);
    }
  }
}

void DatagramRelay::drop(DatagramSession& session, Which source, std::size_t datagrams, std::size_t bytes) {
  session.flow(source).dropped += datagrams;
  session.flow(source).dropped_bytes += bytes;
  session.at.port->state->figures->add(Family::datagrams_dropped, source, datagrams);
  host_.counters.add(Count::datagrams_dropped, datagrams);
}

/// Handles an error of the upstream socket. An error that costs one datagram also ends the session if it is a lack of a
/// route that lasts.
void DatagramRelay::upstream_error(DatagramSession& session, int error) {
  if (session.error == 0 && go_on_to_next(session, error)) return;
  if (!costs_one_datagram(error)) return upstream_failed(session, error);
  if (!has_no_way(error)) return;
  if (!session.unreachable) session.unreachable = context_.now;
  if (context_.now - *session.unreachable >= kNoWayLasts) upstream_failed(session, error);
}

/// Ends the session with this round. Until then the upstream's earlier datagrams can still be read: the kernel reports
/// the error ahead of them (net/core/datagram.c __skb_try_recv_datagram).
void DatagramRelay::upstream_failed(DatagramSession& session, int error) {
  if (session.ended || session.error != 0) return;
  session.error = error;
  failed_.push_front(session);
}

void DatagramRelay::finish_failed() {
  while (!failed_.empty()) {
    DatagramSession& session = failed_.front();
    failed_.pop_front();
    if (session.ended) continue;
    for (int batch = 0; batch < kLastBatches; ++batch) {
      // A second error may be reported ahead of the remaining datagrams.
      flush();
      if (receive_from_upstream(session) == -EAGAIN) break;
    }
    DatagramPort& port = *session.at.port;
    if (session.flow(Which::upstream).received == 0 && !session.way)
      port.preferred = (session.upstream_address + 1) % port.state->upstream_addresses.size();
    finish(session, DatagramEnd::failed);
  }
}

void DatagramRelay::end_round() {
  if (!boxes_) return;
  flush();
  finish_failed();
  ended_.clear_and_dispose([](DatagramSession* session) { delete session; });
  bury_groups();
}

}  // namespace lastbyte::relay
