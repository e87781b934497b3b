#include "tests/soak/peer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <variant>

#include "net/proxy_protocol/header.h"
#include "net/socket/calls.h"
#include "net/tcp/connection.h"

namespace lastbyte::soak {
namespace {

namespace pp = net::proxy_protocol;

constexpr std::size_t kBuffer = 64 * 1024;
/// No readiness tells that bytes were acknowledged: it is looked at so often.
constexpr Duration kLook{1};
/// Descriptors in one message (net/core/scm.c SCM_MAX_FD).
constexpr std::size_t kMostPassed = 253;
/// What one peer moves before the others have their turn.
constexpr int kTurns = 8;

/// One thread's, and used within one call.
std::array<std::byte, kBuffer>& buffer() {
  static thread_local std::array<std::byte, kBuffer> bytes;
  return bytes;
}

bool would_block(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

Peer::Peer(Descriptor socket, const PeerPlan& plan, bool tcp, Payloads payloads, bool takes_header, TimePoint began,
           const Disturbing& disturbing)
    : socket_(std::move(socket)),
      plan_(plan),
      disturbing_(disturbing),
      tcp_(tcp),
      began_(began),
      sends_(payloads.sends),
      expects_(payloads.expects),
      header_due_(takes_header) {
  net::set_urgent_inline(socket_.get());
}

short Peer::events() const {
  if (!seen_.base.connected) return POLLOUT;
  short events = 0;
  const TimePoint now = Clock::now();
  if (full_ && now >= next_write_) events = POLLOUT;
  if (!seen_.input_over && !stopped_reading() && now >= next_read_) events |= POLLIN;
  return events;
}

TimePoint Peer::wake() const {
  TimePoint wake = began_ + kPatience;
  if (!seen_.base.connected) return wake;
  const TimePoint now = Clock::now();
  if (step_ < plan_.steps.size() && next_write_ > now) wake = std::min(wake, next_write_);
  if (!seen_.input_over && next_read_ > now) wake = std::min(wake, next_read_);
  if (plan_.cutting.cut != Cut::none) wake = std::min(wake, connected_ + plan_.cutting.at);
  return wake;
}

void Peer::advance(short ready) {
  if (over()) return;
  if (Clock::now() >= began_ + kPatience) {
    seen_.base.timed_out = true;
    return close_socket(true);
  }
  if (!seen_.base.connected && !connect_ends(ready)) return;
  if ((ready & (POLLOUT | POLLHUP | POLLERR)) != 0) full_ = false;
  for (int turn = 0; turn < kTurns && !over(); ++turn) {
    const auto before = std::pair(seen_.base.sent, seen_.base.received);
    const std::size_t step = step_;
    read();
    write();
    cut_if_due();
    if (step == step_ && before == std::pair(seen_.base.sent, seen_.base.received)) break;
  }
  if (over() || step_ < plan_.steps.size() || plan_.cutting.cut != Cut::none) return;
  if (seen_.input_over) close_socket(false);
}

/// False: the attempt is not over yet, or has failed.
bool Peer::connect_ends(short ready) {
  if ((ready & (POLLOUT | POLLHUP | POLLERR)) == 0) return false;
  const int error = tcp_ ? net::take_error(socket_.get()) : 0;
  if (error != 0) latch(error);
  // Who says ECONNRESET was connected before (net/ipv4/tcp_input.c tcp_reset).
  if (error != 0 && error != ECONNRESET && error != EPIPE) {
    socket_.close();
    return false;
  }
  seen_.base.connected = true;
  seen_.base.connected_at = elapsed();
  seen_.base.local = net::local_address(socket_.get());
  seen_.base.remote = net::peer_address(socket_.get());
  connected_ = Clock::now();
  next_read_ = connected_ + plan_.reading.pause;
  if (tcp_) net::set_nodelay(socket_.get());
  return true;
}

void Peer::write() {
  while (!over() && !full_ && step_ < plan_.steps.size() && Clock::now() >= next_write_) {
    const Step& step = plan_.steps[step_];
    if (!step_began_) step_began_at_ = elapsed();
    const bool begins = !std::exchange(step_began_, true);
    if (begins && step.verb == Verb::pause) next_write_ = Clock::now() + step.time;
    if (!take_step(step)) return;
    seen_.base.steps.push_back({print(step), step_began_at_, elapsed(), failure_});
    step_ = failure_.empty() ? step_ + 1 : plan_.steps.size();  // after a failure it only reads on
    done_ = 0;
    step_began_ = false;
  }
}

/// True: it is done.
bool Peer::take_step(const Step& step) {
  switch (step.verb) {
    case Verb::raw: return send_raw(step);
    case Verb::send: return send_some(step, 0);
    case Verb::urgent: return send_some(step, MSG_OOB);
    case Verb::descriptors: return send_descriptors(step);
    case Verb::pause: return Clock::now() >= next_write_;
    case Verb::await_bytes: return seen_.base.received >= step.bytes || seen_.input_over || stopped_reading();
    case Verb::await_end: return seen_.input_over || stopped_reading();
    case Verb::await_ack: return acknowledged();
    case Verb::freeze: disturbing_.freeze(step.time); return true;
    case Verb::reload: disturbing_.reload(); return true;
    case Verb::shortage: disturbing_.shorten(step.time); return true;
    case Verb::fin:
      seen_.fin_sent = ::shutdown(socket_.get(), SHUT_WR) == 0;
      if (!seen_.fin_sent) failure_ = errno_name(errno);
      return true;
  }
  return true;
}

bool Peer::send_some(const Step& step, int flags) {
  const std::uint64_t all = flags == MSG_OOB ? 1 : step.bytes;
  const std::uint64_t in_chunk = step.chunk == 0 ? kBuffer : step.chunk - done_ % step.chunk;
  const std::size_t count = std::min<std::uint64_t>({all - done_, in_chunk, kBuffer});
  sends_.fill(seen_.base.sent, std::span(buffer()).first(count));
  const ssize_t taken = ::send(socket_.get(), buffer().data(), count, MSG_NOSIGNAL | flags);
  if (taken < 0) {
    full_ = would_block(errno);
    if (full_) return false;
    failure_ = "sent " + std::to_string(done_) + ", then " + errno_name(errno);
    latch(errno);
    return true;
  }
  seen_.base.sent += static_cast<std::uint64_t>(taken);
  if (seen_.sends.size() < kMostSends) seen_.sends.push_back(elapsed());
  done_ += static_cast<std::uint64_t>(taken);
  if (step.time.count() != 0 && done_ % std::max<std::uint64_t>(step.chunk, 1) == 0)
    next_write_ = Clock::now() + step.time;
  return done_ == all;
}

/// A header is small, and a fresh socket's buffer holds it.
bool Peer::send_raw(const Step& step) {
  if (::send(socket_.get(), step.raw.data(), step.raw.size(), MSG_NOSIGNAL) >= 0) return true;
  failure_ = errno_name(errno);
  latch(errno);
  return true;
}

/// They are the same file, whatever their number.
bool Peer::send_descriptors(const Step& step) {
  static const Descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  sends_.fill(seen_.base.sent, std::span(buffer()).first(1));
  iovec part{buffer().data(), 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostPassed * sizeof(int))> room{};
  const std::size_t size = step.bytes * sizeof(int);
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = CMSG_SPACE(size);
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(size);
  for (std::uint64_t i = 0; i < step.bytes; ++i) {
    const int fd = file.get();
    std::memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof fd);
  }
  if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) == 1) {
    seen_.gave.push_back({seen_.base.sent, seen_.base.sent + 1, step.bytes});
    ++seen_.base.sent;
    return true;
  }
  full_ = would_block(errno);
  if (full_) return false;
  failure_ = errno_name(errno);
  latch(errno);
  return true;
}

/// As recv(2), noting what descriptors come along.
ssize_t Peer::receive(std::size_t most) {
  if (tcp_) return ::recv(socket_.get(), buffer().data(), most, 0);
  iovec part{buffer().data(), most};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostPassed * sizeof(int))> room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  const ssize_t got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  if (got <= 0) return got;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(each) + i * sizeof(int), sizeof fd);
      ::close(fd);
    }
    seen_.took.push_back({seen_.base.received, seen_.base.received + static_cast<std::uint64_t>(got), count});
  }
  return got;
}

/// Or that it never will be.
bool Peer::acknowledged() {
  pollfd polled{socket_.get(), 0, 0};
  ::poll(&polled, 1, 0);
  const bool all = net::unacknowledged(socket_.get()) == 0;
  if (all && seen_.fin_sent) seen_.fin_acknowledged = true;
  if (all || (polled.revents & (POLLERR | POLLHUP)) != 0) return true;
  next_write_ = Clock::now() + kLook;
  return false;
}

void Peer::read() {
  if (seen_.input_over || stopped_reading() || Clock::now() < next_read_) return;
  const std::uint64_t chunk = plan_.reading.chunk == 0 ? kBuffer : plan_.reading.chunk;
  const std::uint64_t left =
      plan_.reading.stops_after ? *plan_.reading.stops_after - seen_.base.received : std::uint64_t{kBuffer};
  const std::size_t most = std::min<std::uint64_t>({chunk, left, kBuffer});
  ssize_t got = 0;
  do {  // as much of a header as has arrived: one byte a round takes a busy machine longer than a session may last
    got = receive(header_due_ ? 1 : most);
    if (got > 0) take(static_cast<std::size_t>(got));
  } while (got > 0 && header_due_);
  if (got > 0) {
    next_read_ = Clock::now() + plan_.reading.every;
    return;
  }
  if (got < 0 && would_block(errno)) return;
  if (got < 0) latch(errno);
  seen_.input_over = true;
  // After an error was given to another call, a read returns 0 and looks like a FIN; only EPIPE stands for a reset that
  // came after one (net/ipv4/tcp_input.c tcp_reset).
  if (got < 0 || (seen_.base.error != 0 && seen_.base.error != EPIPE)) return;
  seen_.base.fin = true;
  seen_.base.fin_at = elapsed();
}

void Peer::take(std::size_t count) {
  if (header_due_) {
    take_header(count);
    return;
  }
  const auto fresh = std::span(buffer()).first(count);
  if (!seen_.base.first_wrong) {
    if (const auto wrong = expects_.first_wrong(seen_.base.received, fresh))
      seen_.base.first_wrong = seen_.base.received + *wrong;
  }
  seen_.base.received += count;
}

/// Byte by byte, so that it takes none of the client's.
void Peer::take_header(std::size_t count) {
  for (const std::byte each : std::span(buffer()).first(count)) header_.push_back(static_cast<char>(each));
  const auto parsed = pp::parse(std::as_bytes(std::span(header_)));
  if (std::holds_alternative<pp::NeedMore>(parsed)) return;
  header_due_ = false;
  if (const auto* refusal = std::get_if<pp::Refusal>(&parsed)) {
    seen_.base.header_failure = refusal->reason;
    return;
  }
  seen_.base.header = true;
  seen_.base.told = std::get<pp::Header>(parsed).source;
}

bool Peer::stopped_reading() const {
  return plan_.reading.stops_after && seen_.base.received >= *plan_.reading.stops_after;
}

void Peer::cut_if_due() {
  const Cutting& cutting = plan_.cutting;
  if (over() || cutting.cut == Cut::none) return;
  const bool due = Clock::now() >= connected_ + cutting.at || (cutting.after_writing && step_ == plan_.steps.size()) ||
                   (cutting.after_bytes && seen_.base.received >= *cutting.after_bytes);
  if (!due) return;
  // With nothing more to come, close() is the ordinary end.
  seen_.cut = cutting.cut == Cut::reset || !seen_.input_over;
  close_socket(cutting.cut == Cut::reset);
}

void Peer::latch(int error) {
  if (seen_.base.error != 0) return;
  seen_.base.error = error;
  seen_.base.error_at = elapsed();
}

void Peer::close_socket(bool by_reset) {
  const std::uint32_t owed = net::unacknowledged(socket_.get());
  if (seen_.fin_sent && owed == 0) seen_.fin_acknowledged = true;
  seen_.base.unacknowledged = seen_.fin_sent && tcp_ && owed > 0 ? owed - 1 : owed;
  int unread = 0;
  if (::ioctl(socket_.get(), FIONREAD, &unread) == 0) seen_.base.unread = static_cast<std::uint64_t>(unread);
  seen_.cut_by_reset = by_reset && tcp_;
  seen_.base.ended_at = elapsed();
  if (by_reset) {
    net::reset_and_close(socket_);
  } else {
    socket_.close();
  }
}

Elapsed Peer::elapsed() const { return std::chrono::duration_cast<Elapsed>(Clock::now() - began_); }

}  // namespace lastbyte::soak
