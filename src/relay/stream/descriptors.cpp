// Session: descriptors that travel with the bytes from one UNIX side to the other (SCM_RIGHTS; T14).
//
// Theory of operation. They must come with the byte that they were sent with, and that takes a look ahead at every read
// (net/unix/stream.h). Where descriptors are ahead, the bytes before them are moved first. Then they are received only
// when the sink is known to take them at once: until then they wait in the kernel with their bytes, so that no session
// holds descriptors of the process while its peer is slow (T9, T12), and none can be lost or left over here.
//
// Descriptors that a sink has not received yet are in flight, and the kernel bounds their number for our user
// (relay/context/in_flight.h). How many a message carries is known only once it was received, so it waits for room for
// the most.
#include <algorithm>
#include <cerrno>
#include <string>

#include "base/result.h"
#include "net/unix/stream.h"
#include "relay/context/context.h"
#include "relay/context/listener.h"
#include "relay/side/errors.h"
#include "relay/stream/session.h"

namespace lastbyte::relay {

using termination::Event;

namespace {

static_assert(net::kLookAhead <= kBlockSize);

/// What a message with descriptors takes from the budget of a round, however few bytes it has (T12).
constexpr std::size_t kWorth = 16 * 1024;

}  // namespace

bool Session::read_with_descriptors(Which source) {
  Side& from = side(source);
  const net::Ahead ahead = net::look_ahead(from.socket.get());
  if (ahead.bytes <= 0) return input_ended(source, ahead.bytes);
  const auto most = static_cast<std::size_t>(ahead.bytes);
  if (ahead.descriptors) return pass_descriptors(source, most);
  const ssize_t got = ::recv(from.socket.get(), context_.buffer->data(), most, 0);
  if (got <= 0) return input_ended(source, got);
  const auto bytes = std::span(*context_.buffer).first(static_cast<std::size_t>(got));
  count_received(source, bytes.size());
  return pass_on(source, bytes, 0);
}

bool Session::pass_descriptors(Which source, std::size_t most) {
  Side& from = side(source);
  Side& to = side(termination::other(source));
  if (!net::takes_bytes_now(to.socket.get())) {
    to.writable = false;
    return false;
  }
  const Which sink = termination::other(source);
  if (!may_send_descriptors(sink)) return false;
  const auto got = net::receive_with_descriptors(from.socket.get(), std::span(*context_.buffer).first(most));
  const std::size_t count = got.lost_some ? 0 : got.descriptors.size();
  not_in_flight(sink, net::kMostDescriptors - count);
  if (got.bytes <= 0) return input_ended(source, got.bytes);
  const auto bytes = std::span(*context_.buffer).first(static_cast<std::size_t>(got.bytes));
  count_received(source, bytes.size());
  budget_ -= std::min(budget_, kWorth);
  if (got.lost_some) {
    from.dropped += bytes.size();
    descriptors_lost(source, EMFILE, "received");
    return false;
  }
  const std::size_t first = std::min<std::size_t>(bytes.size(), to.most_in_one_send);
  const ssize_t put = net::send_with_descriptors(to.socket.get(), bytes.first(first), got.descriptors);
  if (put < 0) {
    // EAGAIN cannot be; if it were, it would be an end too: descriptors are not kept here.
    const int error = would_block(errno) ? ENOBUFS : errno;
    from.dropped += bytes.size();
    not_in_flight(sink, count);
    if (error == EPIPE || error == ECONNRESET) {
      write_failed(sink, error);
      return true;
    }
    // The sink lives, and does not get them: it forbids them (SO_PASSRIGHTS), or other processes of our user have too
    // many in flight (ETOOMANYREFS).
    descriptors_lost(source, error, "passed on");
    return false;
  }
  from.descriptors += static_cast<std::uint32_t>(got.descriptors.size());
  count_sent(source, static_cast<std::size_t>(put));
  return pass_on(source, bytes, static_cast<std::size_t>(put));
}

/// Reserves room for the most that a message may carry. False: the flow waits.
bool Session::may_send_descriptors(Which sink) {
  if (side(sink).in_flight > 0) look_for_received(sink);
  const std::uint64_t own = side(Which::client).in_flight + side(Which::upstream).in_flight;
  waits_for_share_ = !context_.shared.in_flight.try_add(client_user(), own, net::kMostDescriptors, context_.now);
  if (waits_for_share_) return false;
  side(sink).in_flight += net::kMostDescriptors;
  return true;
}

void Session::not_in_flight(Which sink, std::size_t count) {
  if (count == 0) return;
  side(sink).in_flight -= static_cast<std::uint32_t>(count);
  context_.shared.in_flight.remove(client_user(), count);
}

/// A peer has received all descriptors once nothing is left in its receive queue. Less would tell nothing: what
/// SIOCOUTQ counts is memory (net/unix/af_unix.c unix_outq_len). It may still be 1 while the edge of the last packet is
/// told (net/core/sock.c sock_wfree).
void Session::look_for_received(Which sink) {
  if (net::unacknowledged(side(sink).socket.get()) <= 1) not_in_flight(sink, side(sink).in_flight);
}

/// The socket is about to be closed, and what its peer receives then is not seen any more.
void Session::forget_in_flight(Which sink) {
  look_for_received(sink);
  if (side(sink).in_flight == 0) return;
  context_.shared.in_flight.remove_later(client_user(), side(sink).in_flight, context_.now);
  side(sink).in_flight = 0;
}

/// Whom a session's descriptors are counted for, whichever way they go: its client chose to be there.
uid_t Session::client_user() {
  auto& peer = side(Which::client).peer;
  if (!peer) peer = net::peer_credentials(side(Which::client).socket.get());
  return peer ? peer->uid : static_cast<uid_t>(-1);
}

/// Bytes without their descriptors are not what was sent, and the sink could not know: it is told of a failure (T4).
void Session::descriptors_lost(Which source, int error, const char* what) {
  context_.shared.warn_seldom(context_.shared.lost_descriptors, context_.now, [&] {
    return "session " + std::to_string(id_) + " on " + *listener_->name + ": file descriptors could not be " + what +
           " (" + errno_name(error) +
           ": too many are open or on their way, or it is forbidden); both sides are told of a failure";
  });
  latch(source, error);
  apply(Event::reset, source);
}

}  // namespace lastbyte::relay
