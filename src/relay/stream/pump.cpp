// Session: moving bytes from one side to the other. A flow is copied through the worker's one buffer; one that fills it
// twice in a row is bulk and goes on by splice(2) through a pooled pipe until it calms down.
#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "net/socket/socket.h"
#include "relay/context/context.h"
#include "relay/side/errors.h"
#include "relay/stream/kinds.h"
#include "relay/stream/session.h"

namespace lastbyte::relay {

using termination::Event;

namespace {

constexpr std::uint8_t kBulkReads = 2;
/// After so many small splices in a row a flow is copied again.
constexpr std::uint8_t kCalmReads = 4;
/// Less than this in one splice is not worth its two system calls.
constexpr std::size_t kSmallSplice = 16 * 1024;

/// What a read takes from the budget of a round at least, however few bytes it brings (T12).
constexpr std::size_t kLeastWorth = 256;

}  // namespace

/// Moves the flow out of `source` as far as it goes: until there is nothing to read, the sink is full, the flow ends or
/// the budget is used up.
void Session::pump(Which source) {
  bool goes_on = !state_.side(source).pending || flush(source);
  while (goes_on && budget_ > 0 && side(source).readable && termination::reads(state_, source)) {
    if (termination::discards(state_, source)) {
      goes_on = read_and_discard(source);
    } else if (carries_descriptors(side(source), side(termination::other(source)))) {
      goes_on = read_with_descriptors(source);
    } else if (side(source).carrier.bulk && take_pipe(source)) {
      goes_on = read_and_splice(source);
    } else {
      goes_on = read_and_copy(source);
    }
  }
  if (side(source).carrier.in_pipe == 0) give_pipe_back(source);
}

bool Session::read_and_copy(Which source) {
  Side& from = side(source);
  const Side& to = side(termination::other(source));
  const std::size_t most = most_in_one_read(to);
  const ssize_t got = ::recv(from.socket.get(), context_.buffer->data(), most, 0);
  if (got < 0 || (got == 0 && from.kind != net::Transport::udp)) return input_ended(source, got);
  const auto bytes = std::span(*context_.buffer).first(static_cast<std::size_t>(got));
  count_received(source, bytes.size());
  if (!pass_on(source, bytes, 0)) return false;
  if (bytes.size() == most) {
    keep_urgent_inline(from);
    from.carrier.bulk = ++from.carrier.streak >= kBulkReads && may_splice(from, to);
    return true;
  }
  from.carrier.streak = 0;
  // A short read has emptied the queue and what comes now makes a new edge: no need to read on until EAGAIN.
  if (!from.hung_up && short_read_empties(from)) from.readable = false;
  return from.readable;
}

/// Writes what was read, of which `written` bytes have been written already. False: some of it waits.
bool Session::pass_on(Which source, std::span<const std::byte> bytes, std::size_t written) {
  Side& from = side(source);
  written += write(source, bytes.subspan(written));
  const std::size_t left = bytes.size() - written;
  if (termination::broken(state_, termination::other(source))) {
    from.dropped += left;
    return true;
  }
  if (left == 0) return true;
  keep_urgent_inline(from);  // it may be read ahead of its own events, once the sink has room
  from.carrier.block = context_.blocks.take();
  from.carrier.begin = 0;
  from.carrier.end = left;
  std::memcpy(from.carrier.block->data(), bytes.data() + written, left);
  apply(Event::pending, source);
  return false;
}

bool Session::read_and_splice(Which source) {
  Side& from = side(source);
  const ssize_t got = ::splice(from.socket.get(), nullptr, from.carrier.pipe->write_end.get(), nullptr, kPipeSize,
                               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (got == 0) {
    // The end, or a mark of urgent data with the end behind it: a read tells.
    from.carrier.bulk = false;
    return true;
  }
  if (got < 0) return input_ended(source, got);
  const auto bytes = static_cast<std::size_t>(got);
  count_received(source, bytes);
  from.carrier.in_pipe = bytes;
  write_from_pipe(source);
  if (termination::broken(state_, termination::other(source))) {
    drop_waiting(source);
    return true;
  }
  if (from.carrier.in_pipe > 0) {
    keep_urgent_inline(from);
    apply(Event::pending, source);
    return false;
  }
  from.carrier.streak = bytes < kSmallSplice ? static_cast<std::uint8_t>(from.carrier.streak + 1) : 0;
  if (from.carrier.streak >= kCalmReads) {
    from.carrier.bulk = false;
    from.carrier.streak = 0;
  }
  return true;
}

bool Session::read_and_discard(Which source) {
  Side& from = side(source);
  // The other side has failed, and its flow has not ended with a FIN so far: a reset may be what this side is to get.
  const bool reset_may_follow = state_.side(source).output == termination::Output::open;
  // It stays readable: should a FIN follow instead, the byte is in the way of seeing the peer's.
  if (reset_may_follow && only_last_byte_waits(from)) return false;
  keep_urgent_inline(from);  // it is read until it is empty
  const ssize_t got = read_and_forget(from, *context_.buffer, std::min(budget_, kPipeSize), reset_may_follow);
  if (got <= 0) return input_ended(source, got);
  const auto bytes = static_cast<std::size_t>(got);
  from.received += bytes;
  from.discarded += bytes;
  budget_ -= std::min(budget_, std::max(bytes, kLeastWorth));
  // No activity: a flood that is thrown away must not keep a session alive beyond its limits (T8).
  last_heard_ = context_.now;
  return true;
}

/// A read gave no bytes: nothing now (EAGAIN), or nothing ever again. Whether to read on.
bool Session::input_ended(Which source, ssize_t result) {
  const int error = result < 0 ? errno : 0;
  Side& from = side(source);
  if (error == EINTR) return false;
  if (from.kind == net::Transport::udp) return no_datagram(source, error);
  if (would_block(error)) {
    from.readable = false;
    return false;
  }
  if (error != 0) {
    latch(source, error);
    from.trouble = false;  // this was it (T10)
  }
  from.readable = false;
  // A UNIX socket tells of a reset ahead of the FIN that nobody has read yet.
  const bool overtaken = from.fin_told && error == ECONNRESET;
  if (overtaken) {
    from.trouble = true;  // it still has something to say: its error, once the FIN is known (T5)
    result = 0;
  }
  const bool asks = result == 0 && (from.error != 0 || from.spliced_into);
  const std::uint64_t read = from.received + (source == Which::client && greeting_ ? greeting_->heard : 0);
  const bool fin_came = asks && relay::fin_has_come(from, read);
  if (asks && !fin_came) latch(source, ECONNRESET);  // splice(2) has swallowed it
  apply(event_of_input_end(result, from.error, fin_came), source);
  return false;
}

/// Writes what waits. True: nothing waits any more.
bool Session::flush(Which source) {
  const Which sink = termination::other(source);
  Carrier& carrier = side(source).carrier;
  if (!side(sink).writable) return false;
  if (source == Which::client && has_preface() && !send_preface()) return !state_.side(source).pending;
  if (carrier.block) {
    const std::size_t written =
        write(source, std::span(*carrier.block).subspan(carrier.begin, carrier.end - carrier.begin));
    if (state_.side(source).pending) {
      carrier.begin += written;
    } else {
      side(source).dropped -= written;  // drop_waiting() took the whole block for unsent
    }
  } else {
    write_from_pipe(source);
  }
  if (!state_.side(source).pending) return true;  // the write failed, and what waited was dropped
  if (carrier.waiting() > 0) return false;
  if (carrier.block) context_.blocks.give_back(std::move(carrier.block));
  carrier.begin = carrier.end = 0;
  apply(Event::drained, source);
  return true;
}

/// Writes to the sink of `source` until it is full; returns how much it took.
std::size_t Session::write(Which source, std::span<const std::byte> bytes) {
  const Which sink = termination::other(source);
  Side& to = side(sink);
  if (!to.nodelay && to.sent > 0) {
    net::set_nodelay(to.socket.get());
    to.nodelay = true;
  }
  std::size_t written = 0;
  while (written < bytes.size() && to.writable) {
    const std::size_t asked = std::min<std::size_t>(bytes.size() - written, to.most_in_one_send);
    ssize_t put = ::send(to.socket.get(), bytes.data() + written, asked, MSG_NOSIGNAL);
    // The error was of a datagram before this one, and taken with this call.
    if (put < 0 && only_tells_size(to, errno))
      put = ::send(to.socket.get(), bytes.data() + written, asked, MSG_NOSIGNAL);
    if (put > 0) {
      written += static_cast<std::size_t>(put);
      count_sent(source, static_cast<std::size_t>(put));
      // A short write has filled the queue: the next would say EAGAIN.
      if (static_cast<std::size_t>(put) < asked) to.writable = false;
    } else {
      write_failed(sink, errno);
      break;
    }
  }
  return written;
}

void Session::write_from_pipe(Which source) {
  const Which sink = termination::other(source);
  Side& to = side(sink);
  Carrier& carrier = side(source).carrier;
  while (carrier.in_pipe > 0 && to.writable) {
    const ssize_t put = ::splice(carrier.pipe->read_end.get(), nullptr, to.socket.get(), nullptr, carrier.in_pipe,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    to.spliced_into = true;
    if (put > 0) {
      // A short one does not say that the queue is full: a signal ends it as well (fs/splice.c splice_to_socket), and
      // no edge would follow. EAGAIN says it.
      carrier.in_pipe -= static_cast<std::size_t>(put);
      count_sent(source, static_cast<std::size_t>(put));
    } else {
      write_failed(sink, put == 0 ? EPIPE : errno);
      return;
    }
  }
}

/// T5: a refusal ends what goes to this side, not what comes from it.
void Session::write_failed(Which sink, int error) {
  if (error == EINTR) return;
  // EINPROGRESS: a Fast Open SYN is on its way.
  if (would_block(error) || error == EINPROGRESS) {
    side(sink).writable = false;
    return;
  }
  latch(sink, error);
  side(sink).trouble = false;
  expect_end(side(sink));
  apply(event_of_write_failure(error), sink);
}

void Session::count_received(Which source, std::size_t bytes) {
  Side& from = side(source);
  from.received += bytes;
  budget_ -= std::min(budget_, std::max(bytes, kLeastWorth));
  last_activity_ = context_.now;
}

void Session::count_sent(Which source, std::size_t bytes) {
  side(termination::other(source)).sent += bytes;
  if (termination::broken(state_, source)) side(source).rescued += bytes;
  last_activity_ = context_.now;
}

/// False: none is to be had, and the flow is copied.
bool Session::take_pipe(Which source) {
  Carrier& carrier = side(source).carrier;
  if (!carrier.pipe) carrier.pipe = context_.pipes.take();
  return carrier.pipe.has_value();
}

/// Pipes go back whenever they are empty: like the buffer, one serves all flows whose sinks keep up.
void Session::give_pipe_back(Which source) {
  Carrier& carrier = side(source).carrier;
  if (!carrier.pipe) return;
  context_.pipes.give_back(std::move(*carrier.pipe), carrier.in_pipe == 0);
  carrier.pipe.reset();
  carrier.in_pipe = 0;
}

void Session::drop_waiting(Which source) {
  Carrier& carrier = side(source).carrier;
  side(source).dropped += carrier.waiting();
  if (source == Which::client && has_preface()) greeting_->preface.resize(greeting_->sent);
  if (carrier.block) context_.blocks.give_back(std::move(carrier.block));
  if (carrier.in_pipe > 0) give_pipe_back(source);
  carrier.begin = carrier.end = 0;
}

}  // namespace lastbyte::relay
