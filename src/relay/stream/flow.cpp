#include "relay/stream/flow.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "relay/side/errors.h"
#include "relay/side/transport.h"

namespace lastbyte::relay {

using termination::Event;
using What = Finding::What;

namespace {

constexpr std::uint8_t kBulkReads = 2;
/// A flow goes back to copying after this many small splices in a row.
constexpr std::uint8_t kCalmReads = 4;
/// A splice of fewer bytes is not worth its two system calls.
constexpr std::size_t kSmallSplice = 16 * 1024;

/// A read costs at least this much of the round's budget, however few bytes it returns (T12).
constexpr std::size_t kLeastWorth = 256;

}  // namespace

Orders orders_for(const termination::Session& state, termination::Which source) {
  return {.flush = state.side(source).pending,
          .read = termination::reads(state, source),
          .discard = termination::discards(state, source),
          // The other side has failed, and its flow has not ended with a FIN so far.
          .may_reset = state.side(source).output == termination::Output::open,
          .rescues = termination::broken(state, source)};
}

Finding Flow::step(const Orders& orders) {
  if (orders.flush) return flush(orders);
  if (!orders.read || !from_.ready.readable || budget_ == 0) return {};
  if (orders.discard) return discard(orders.may_reset);
  if (transport::carries_descriptors(from_, to_)) return copy_with_descriptors(orders);
  if (from_.carrier.bulk && take_pipe()) return splice(orders);
  return copy(orders);
}

Finding Flow::copy(const Orders& orders) {
  const std::size_t most = transport::most_in_one_read(to_);
  const auto of_batch = transport::may_batch(to_) ? movers_.sends.room() : std::span<std::byte>();
  const auto room = of_batch.empty() ? std::span<std::byte>(movers_.buffer) : of_batch;
  const ssize_t got = transport::read(from_, room.first(most));
  if (got < 0 || (got == 0 && transport::empty_read_ends(from_))) return input_ended(got);
  const auto bytes = room.first(static_cast<std::size_t>(got));
  count_received(bytes.size());
  const bool submits = !of_batch.empty() && may_submit(bytes);
  Finding finding = submits ? Finding{.what = What::submitted, .bytes = bytes} : pass_on(bytes, 0, orders);
  if (finding.what == What::waits) return finding;
  if (bytes.size() == most) {
    transport::keep_urgent_inline(from_);
    from_.carrier.bulk = ++from_.carrier.streak >= kBulkReads && transport::may_splice(from_, to_);
    return finding;
  }
  from_.carrier.streak = 0;
  // A short read has emptied the queue, and the next bytes raise a new edge: reading on until EAGAIN is unnecessary.
  if (!from_.ready.hung_up && transport::short_read_empties(from_)) from_.ready.readable = false;
  if (submits) transport::prepare_write(to_);
  return finding;
}

bool Flow::may_submit(std::span<const std::byte> bytes) const {
  const std::size_t most = std::min<std::size_t>(SendBatch::kMostBytes, to_.quirks.most_in_one_send);
  return to_.ready.writable && !bytes.empty() && bytes.size() <= most;
}

Finding Flow::settle(std::span<const std::byte> bytes, ssize_t result, const Orders& orders) {
  Written written;
  if (result < 0) errno = static_cast<int>(-result);
  note(result < 0 ? -1 : result, bytes.size(), written, orders);
  const Finding finding = written_of(bytes, written);
  if (finding.what == What::waits) from_.ready.readable = true;  // its events may be taken already
  return finding;
}

/// Writes what was read, except the first `written` bytes, which have been written already.
Finding Flow::pass_on(std::span<const std::byte> bytes, std::size_t written, const Orders& orders) {
  const auto rest = bytes.subspan(written);
  return written_of(rest, write(rest, orders));
}

/// Turns the outcome of writing `bytes` into a finding; keeps the bytes that the full sink did not accept.
Finding Flow::written_of(std::span<const std::byte> bytes, const Written& written) {
  const auto left = bytes.subspan(written.bytes);
  if (written.error != 0) {
    from_.ledger.dropped += left.size();
    return sink_failed(written.error, true);
  }
  if (left.empty()) return {.what = What::moved, .active = true};
  keep(left);
  return {.what = What::waits, .active = true};
}

Finding Flow::splice(const Orders& orders) {
  Carrier& carrier = from_.carrier;
  const ssize_t got = transport::splice_in(from_, *carrier.pipe);
  if (got == 0) {
    // This is the end, or an urgent mark with the end behind it. A read tells which.
    carrier.bulk = false;
    return {.what = What::moved};
  }
  if (got < 0) return input_ended(got);
  const auto bytes = static_cast<std::size_t>(got);
  count_received(bytes);
  carrier.in_pipe = static_cast<std::uint32_t>(bytes);
  const Written written = write_from_pipe(orders);
  if (written.error != 0) {
    drop_waiting();
    return sink_failed(written.error, true);
  }
  if (carrier.in_pipe > 0) {
    transport::keep_urgent_inline(from_);
    return {.what = What::waits, .active = true};
  }
  carrier.streak = bytes < kSmallSplice ? static_cast<std::uint8_t>(carrier.streak + 1) : 0;
  if (carrier.streak >= kCalmReads) {
    carrier.bulk = false;
    carrier.streak = 0;
  }
  return {.what = What::moved, .active = true};
}

/// Discarded bytes do not count as activity: a flood must not keep a session alive beyond its limits (T8).
Finding Flow::discard(bool keep_last_byte) {
  // The source stays readable: if a FIN follows instead, this byte would hide it.
  if (keep_last_byte && transport::only_last_byte_waits(from_)) return {};
  const ssize_t got = transport::read_and_forget(from_, movers_.buffer, std::min(budget_, kPipeSize), keep_last_byte);
  if (got <= 0) return input_ended(got);
  const auto bytes = static_cast<std::size_t>(got);
  from_.ledger.received += bytes;
  from_.ledger.discarded += bytes;
  spend(bytes);
  // The next read does not wait for an event, so it may begin at an urgent mark. Once the end is known, every mark
  // before it is known too.
  if (!from_.ready.hung_up) transport::keep_urgent_inline(from_);
  return {.what = What::moved, .heard = true};
}

/// Handles a read without bytes: the queue is empty for now (EAGAIN), or the input has ended.
Finding Flow::input_ended(ssize_t result) {
  const int error = result < 0 ? errno : 0;
  if (error == EINTR) return {};
  if (!transport::empty_read_ends(from_)) return no_datagram(error);
  from_.ready.readable = false;
  if (would_block(error)) return {};
  if (error != 0) {
    from_.latch(error);
    from_.ready.trouble = false;  // this read took the errno (T10)
  }
  // A UNIX socket reports a reset before a FIN that has not been read.
  if (from_.quirks.fin_told && error == ECONNRESET) {
    from_.ready.trouble = true;  // report_trouble() reports the error once the FIN is known (T5)
    result = 0;
  }
  // A successful shutdown() proves that no earlier splice met a reset, and no splice follows it (net/ipv4/af_inet.c
  // inet_shutdown: ENOTCONN in state CLOSE).
  const bool may_be_swallowed = from_.quirks.spliced_into && !from_.fin_sent;
  const bool asks = result == 0 && (from_.error != 0 || may_be_swallowed);
  const bool fin_came = asks && transport::fin_has_come(from_);
  if (asks && !fin_came) {
    from_.quirks.reset_guessed = from_.error == 0;
    from_.latch(ECONNRESET);
  }
  return {.what = What::ended, .event = event_of_input_end(result, from_.error, fin_came)};
}

/// Handles a read without a datagram. The kernel reports the error ahead of the datagrams that arrived before it
/// (net/ipv4/udp.c __skb_recv_udp), so the error counts only once those have been read (T4).
Finding Flow::no_datagram(int error) {
  if (!would_block(error)) {
    if (!transport::only_tells_size(from_, error)) from_.latch(error);
    from_.ready.trouble = false;
    return {.what = What::moved};
  }
  from_.ready.readable = false;
  if (from_.error == 0) return {};
  return {.what = What::ended, .event = event_of_input_end(-1, from_.error, false)};
}

/// Writes the bytes that wait.
Finding Flow::flush(const Orders& orders) {
  if (!to_.ready.writable) return {};
  const auto still_waits = [](bool active) { return Finding{.what = What::idle, .active = active}; };
  bool active = false;
  if (preface_ != nullptr && preface_->waits()) {
    const Written written = write_preface();
    active = written.bytes > 0;
    if (written.error != 0) return sink_failed(written.error, active);
    if (preface_->waits()) return still_waits(active);
  }
  Carrier& carrier = from_.carrier;
  const Written written =
      carrier.block ? write(std::span(*carrier.block).subspan(carrier.begin, carrier.end - carrier.begin), orders)
                    : write_from_pipe(orders);
  if (carrier.block) carrier.begin += static_cast<std::uint32_t>(written.bytes);
  active = active || written.bytes > 0;
  if (written.error != 0) return sink_failed(written.error, active);
  if (carrier.waiting() > 0) return still_waits(active);
  if (carrier.block) movers_.blocks.give_back(std::move(carrier.block));
  carrier.begin = carrier.end = 0;
  return {.what = What::drained, .active = active};
}

/// A refusal ends the flow into the sink, not the flow out of it (T5).
Finding Flow::sink_failed(int error, bool active) {
  to_.latch(error);
  to_.ready.trouble = false;
  transport::expect_end(to_);
  return {.what = What::sink_failed, .event = event_of_write_failure(error), .active = active};
}

/// Writes until the sink is full.
Flow::Written Flow::write(std::span<const std::byte> bytes, const Orders& orders) {
  Written written;
  while (written.bytes < bytes.size() && to_.ready.writable) {
    const auto rest = bytes.subspan(written.bytes);
    const auto asked = rest.first(std::min<std::size_t>(rest.size(), to_.quirks.most_in_one_send));
    if (!note(transport::write(to_, asked), asked.size(), written, orders)) break;
  }
  return written;
}

/// Takes the return value of one send of `asked` bytes, and its errno. False: the send accepted nothing.
bool Flow::note(ssize_t put, std::size_t asked, Written& written, const Orders& orders) {
  if (put <= 0) {
    if (is_failure(errno)) written.error = errno;
    return false;
  }
  const auto taken = static_cast<std::size_t>(put);
  written.bytes += taken;
  count_sent(taken, orders);
  // A short write has filled the queue: the next one would return EAGAIN.
  if (taken < asked) to_.ready.writable = false;
  return true;
}

Flow::Written Flow::write_from_pipe(const Orders& orders) {
  Carrier& carrier = from_.carrier;
  Written written;
  while (carrier.in_pipe > 0 && to_.ready.writable) {
    const ssize_t put = transport::splice_out(*carrier.pipe, to_, carrier.in_pipe);
    if (put <= 0) {
      const int error = put == 0 ? EPIPE : errno;
      if (is_failure(error)) written.error = error;
      break;
    }
    // A short splice does not prove that the queue is full: a signal cuts it short as well (fs/splice.c
    // splice_to_socket), and no edge would follow. Only EAGAIN proves it.
    const auto taken = static_cast<std::size_t>(put);
    carrier.in_pipe -= static_cast<std::uint32_t>(taken);
    written.bytes += taken;
    count_sent(taken, orders);
  }
  return written;
}

Flow::Written Flow::write_preface() {
  Written written;
  while (preface_->waits() && to_.ready.writable) {
    const ssize_t put = transport::write(to_, preface_->rest());
    if (put <= 0) {
      if (is_failure(errno)) written.error = errno;
      break;
    }
    const auto taken = static_cast<std::size_t>(put);
    preface_->sent += taken;
    to_.ledger.sent += taken;
    to_.ledger.preface += static_cast<std::uint32_t>(taken);
    written.bytes += taken;
    if (preface_->waits()) to_.ready.writable = false;
  }
  return written;
}

bool Flow::is_failure(int error) {
  if (error == EINTR) return false;
  // EINPROGRESS: a Fast Open SYN is in flight.
  if (!would_block(error) && error != EINPROGRESS) return true;
  to_.ready.writable = false;
  return false;
}

/// Keeps bytes that the full sink did not accept.
void Flow::keep(std::span<const std::byte> bytes) {
  transport::keep_urgent_inline(from_);  // once the sink has room, the source may be read ahead of its events
  Carrier& carrier = from_.carrier;
  // The allocation may throw: until it succeeds, the bytes count as dropped (T11).
  from_.ledger.dropped += bytes.size();
  carrier.block = movers_.blocks.take();
  from_.ledger.dropped -= bytes.size();
  carrier.begin = 0;
  carrier.end = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(carrier.block->data(), bytes.data(), bytes.size());
}

void Flow::count_received(std::size_t bytes) {
  from_.ledger.received += bytes;
  spend(bytes);
}

void Flow::count_sent(std::size_t bytes, const Orders& orders) {
  to_.ledger.sent += bytes;
  if (orders.rescues) from_.ledger.rescued += bytes;
}

void Flow::spend(std::size_t bytes) { budget_ -= std::min(budget_, std::max(bytes, kLeastWorth)); }

/// False: no pipe is available, so the flow is copied.
bool Flow::take_pipe() {
  if (!from_.carrier.pipe) from_.carrier.pipe = movers_.pipes.take();
  return from_.carrier.pipe.has_value();
}

void Flow::rest() {
  Carrier& carrier = from_.carrier;
  if (!carrier.pipe || carrier.in_pipe > 0) return;
  movers_.pipes.give_back(std::move(*carrier.pipe), true);
  carrier.pipe.reset();
}

void Flow::drop_waiting() {
  Carrier& carrier = from_.carrier;
  from_.ledger.dropped += carrier.waiting();
  carrier.begin = carrier.end = 0;
  if (preface_ != nullptr && preface_->waits()) preface_->give_up();
  if (carrier.block) movers_.blocks.give_back(std::move(carrier.block));
  if (carrier.in_pipe > 0) {
    movers_.pipes.give_back(std::move(*carrier.pipe), false);
    carrier.pipe.reset();
    carrier.in_pipe = 0;
  }
}

}  // namespace lastbyte::relay
