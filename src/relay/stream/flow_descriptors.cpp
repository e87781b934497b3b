// Flow: file descriptors passed with the bytes from one UNIX side to the other (SCM_RIGHTS; T14).
//
// Theory of operation. Descriptors must arrive with the byte that they were sent with, so every read looks ahead first
// (net/unix/stream.h). The flow moves the bytes before the descriptors first. It receives the descriptors only when the
// sink is known to accept them at once. Until then they wait in the kernel with their bytes: no session holds
// descriptors of the process while its peer is slow (T9, T12), and none can be lost or left over here. They also wait
// there while the process has as many in flight as it may (share.h).
#include <algorithm>
#include <cerrno>

#include "relay/side/errors.h"
#include "relay/side/transport.h"
#include "relay/stream/flow.h"

namespace lastbyte::relay {

using What = Finding::What;

namespace {

static_assert(net::kLookAhead <= kBlockSize);

/// A message with descriptors costs this much of the round's budget, however few bytes it has (T12).
constexpr std::size_t kWorth = 16 * 1024;

}  // namespace

Finding Flow::copy_with_descriptors(const Orders& orders) {
  const net::Ahead ahead = transport::look_ahead(from_);
  if (ahead.bytes <= 0) return input_ended(ahead.bytes);
  const auto most = static_cast<std::size_t>(ahead.bytes);
  if (ahead.descriptors) return pass_descriptors(most, orders);
  const ssize_t got = transport::read(from_, std::span(movers_.buffer).first(most));
  if (got <= 0) return input_ended(got);
  const auto bytes = std::span(movers_.buffer).first(static_cast<std::size_t>(got));
  count_received(bytes.size());
  return pass_on(bytes, 0, orders);
}

Finding Flow::pass_descriptors(std::size_t most, const Orders& orders) {
  if (!transport::takes_bytes_now(to_)) {
    to_.ready.writable = false;
    return {};
  }
  if (!share_.reserve(to_)) return {};
  const auto got = transport::read_with_descriptors(from_, std::span(movers_.buffer).first(most));
  const std::size_t count = got.lost_some ? 0 : got.descriptors.size();
  share_.give_back(to_, net::kMostDescriptors - count);
  if (got.bytes <= 0) return input_ended(got.bytes);
  const auto bytes = std::span(movers_.buffer).first(static_cast<std::size_t>(got.bytes));
  count_received(bytes.size());
  budget_ -= std::min(budget_, kWorth);
  if (got.lost_some) return strand(bytes.size(), EMFILE, "received");
  const std::size_t first = std::min<std::size_t>(bytes.size(), to_.quirks.most_in_one_send);
  const ssize_t put = transport::write_with_descriptors(to_, bytes.first(first), got.descriptors);
  if (put < 0) {
    // EAGAIN cannot happen here. If it did, it would be a failure too: descriptors are never kept in this process.
    const int error = would_block(errno) ? ENOBUFS : errno;
    share_.give_back(to_, count);
    // The sink is alive but cannot get the descriptors: it forbids them (SO_PASSRIGHTS), or other processes of our user
    // have too many in flight (ETOOMANYREFS).
    if (error != EPIPE && error != ECONNRESET) return strand(bytes.size(), error, "passed on");
    from_.ledger.dropped += bytes.size();
    return sink_failed(error, true);
  }
  from_.ledger.descriptors += static_cast<std::uint32_t>(got.descriptors.size());
  count_sent(static_cast<std::size_t>(put), orders);
  return pass_on(bytes, static_cast<std::size_t>(put), orders);
}

/// Fails the flow. Bytes without their descriptors are not what was sent, and the sink could not tell: it must see a
/// failure (T4).
Finding Flow::strand(std::size_t bytes, int error, std::string_view when) {
  from_.ledger.dropped += bytes;
  from_.latch(error);
  return {.what = What::stranded,
          .event = termination::Event::reset,
          .error = error,
          .stranded_when = when,
          .active = true};
}

}  // namespace lastbyte::relay
