#include "peers/player.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "base/overloaded.h"
#include "net/socket/calls.h"
#include "net/socket/deaf.h"
#include "net/tcp/connection.h"

namespace lastbyte::peers {
namespace {

/// Small, because a run may have hundreds of peers with a buffer each.
constexpr std::size_t kBuffer = 64 * 1024;
/// How often the peer looks again at states without a readiness event: poll(2) does not report acknowledgements, and
/// reports an ended connection all the time.
constexpr Duration kLook{1};
/// On a UNIX socket whose peer has closed, both directions end, but an observer may see one end before the other.
constexpr Elapsed kBothEnd = std::chrono::milliseconds(500);

bool would_block(int error) { return error == EAGAIN || error == EINTR; }

std::uint64_t unread(int fd) {
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 ? static_cast<std::uint64_t>(bytes) : 0;
}

short events_now(int fd, short events) {
  pollfd polled{fd, events, 0};
  ::poll(&polled, 1, 0);
  return polled.revents;
}

bool is_unix(int fd) {
  int domain = 0;
  socklen_t length = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

std::string of(std::uint64_t done, std::optional<std::uint64_t> all) {
  return std::to_string(done) + (all ? " of " + std::to_string(*all) : "");
}

/// Returns the poll(2) events that the action waits for.
short events_of(const Action& action) {
  return std::visit(Overloaded{
                        [](const Send&) { return short{POLLOUT}; },
                        [](const Flood&) { return short{POLLOUT}; },
                        [](const Fill&) { return short{POLLOUT}; },
                        [](const Receive&) { return short{POLLIN}; },
                        [](const Read&) { return short{POLLIN}; },
                        [](const ExpectFin&) { return short{POLLIN}; },
                        [](const ExpectReset&) { return short{POLLIN}; },
                        [](const CloseUnread&) { return short{POLLIN}; },
                        // poll(2) reports errors and hang-ups always. These actions wait for no event, so the socket is
                        // left out.
                        [](const auto&) { return short{0}; },
                    },
                    action);
}

/// Returns whether the action looks again after a time, because no readiness event of the socket reports its progress.
bool goes_by_the_clock(const Action& action) {
  return std::holds_alternative<Sleep>(action) || std::holds_alternative<Flush>(action) ||
         std::holds_alternative<ExpectQuiet>(action) || std::holds_alternative<ExpectError>(action);
}

}  // namespace

Player::Player(Descriptor socket, const PeerOptions& options, Wakeup& wakeup, const std::atomic<bool>& stopped,
               TimePoint began, TimePoint until, Observed& seen)
    : socket_(std::move(socket)),
      options_(options),
      wakeup_(wakeup),
      stopped_(stopped),
      began_(began),
      until_(until),
      seen_(seen),
      sends_(options.sends),
      expects_(options.expects),
      buffer_(kBuffer),
      unix_(is_unix(socket_.get())) {
  net::set_urgent_inline(socket_.get());
}

void Player::play(const Script& script) {
  const bool played = play_steps(script.steps);
  seen_.timed_out = !played;
  close_socket(!played);
  seen_.checksum = checksum_.value();
  seen_.ended_at = elapsed();
}

bool Player::play_steps(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    if (const auto* together = std::get_if<Together>(&step)) {
      if (!play_together(*together)) return false;
      continue;
    }
    const Repeat& repeat = std::get<Repeat>(step);
    for (std::uint32_t time = 0; time < repeat.times; ++time)
      if (!play_steps(repeat.steps)) return false;
  }
  return true;
}

/// Returns false if the time is over.
bool Player::play_together(const Together& together) {
  std::vector<Running> all;
  for (const Action& action : together.actions) all.push_back({.action = &action, .began = Clock::now()});
  const auto floods = [](const Running& each) { return std::holds_alternative<Flood>(*each.action); };
  const bool only_floods = std::ranges::all_of(all, floods);
  while (true) {
    for (Running& each : all) {
      if (each.over) continue;
      if (Clock::now() >= each.next) advance(each);
      if (each.over) note(each);
    }
    const bool others_over = std::ranges::all_of(all, [&](const Running& each) { return each.over || floods(each); });
    if (others_over && !only_floods) {
      for (Running& each : all)
        if (!std::exchange(each.over, true)) note(each);
    }
    if (std::ranges::all_of(all, &Running::over)) return true;
    if (given_up()) break;
    wait_for(all);
    if (given_up()) break;
  }
  for (Running& each : all) {
    if (each.over) continue;
    each.failure = "did not finish in time, after " + std::to_string(each.done) + " bytes";
    note(each);
  }
  return false;
}

void Player::advance(Running& running) {
  const auto done = [&] { running.over = true; };
  std::visit(Overloaded{
                 [&](const Send& send_) { send(running, send_.bytes, send_.pace, send_.urgent ? MSG_OOB : 0); },
                 [&](const Flood& flood) { send(running, std::nullopt, flood.pace); },
                 [&](const Fill& fill_) { fill(running, fill_); },
                 [&](const Receive& recv) { receive(running, recv.bytes, recv.pace); },
                 [&](const Read& read) { receive(running, std::nullopt, read.pace); },
                 [&](const ExpectFin&) { expect_end(running, true); },
                 [&](const ExpectReset&) { expect_end(running, false); },
                 [&](const ExpectError&) { expect_error(running); },
                 [&](const ExpectQuiet& quiet) { expect_quiet(running, quiet.time); },
                 [&](const Flush&) { flush(running); },
                 [&](const Shutdown&) {
                   fin_sent_ = ::shutdown(socket_.get(), SHUT_WR) == 0;
                   if (!fin_sent_) running.failure = errno_name(errno);
                   done();
                 },
                 [&](const Close&) { close_socket(false), done(); },
                 [&](const CloseUnread&) { close_unread(running); },
                 [&](const Reset&) { close_socket(true), done(); },
                 [&](const Vanish&) {
                   running.failure = errno_name(net::set_deaf(socket_.get(), true));
                   done();
                 },
                 [&](const Sleep& sleep) {
                   running.next = running.began + sleep.time;
                   running.over = Clock::now() >= running.next;
                 },
                 [&](const Signal& signal) {
                   if (options_.meeting != nullptr) options_.meeting->signal(signal.name);
                   done();
                 },
                 [&](const Await& await) {
                   running.over = options_.meeting != nullptr && options_.meeting->count(await.name) >= await.times;
                 },
             },
             *running.action);
}

/// Waits until one of the actions can continue.
void Player::wait_for(const std::vector<Running>& all) {
  short events = 0;
  TimePoint wake = until_;
  for (const Running& each : all) {
    if (each.over) continue;
    // An action that looks again after a time wakes by the clock, even if its time has come since the last look.
    if (each.next > Clock::now() || goes_by_the_clock(*each.action)) {
      wake = std::min(wake, each.next);
    } else {
      wake = std::min(wake, each.gives_up);
      events = static_cast<short>(events | events_of(*each.action));
    }
  }
  std::array<pollfd, 2> polled{{{events == 0 ? -1 : socket_.get(), events, 0}, {wakeup_.fd(), POLLIN, 0}}};
  const auto left = std::chrono::ceil<Duration>(wake - Clock::now()).count();
  ::poll(polled.data(), polled.size(), static_cast<int>(std::max<Duration::rep>(left, 0)));
  if (polled[1].revents != 0) wakeup_.clear();
}

bool Player::given_up() const { return stopped_.load() || Clock::now() >= until_; }

void Player::note(const Running& running) {
  const auto began = std::chrono::duration_cast<Elapsed>(running.began - began_);
  seen_.steps.push_back({print(*running.action), began, elapsed(), running.failure});
}

void Player::send(Running& running, std::optional<std::uint64_t> bytes, const Pace& pace, int flags) {
  const std::uint64_t left = bytes.value_or(std::numeric_limits<std::uint64_t>::max()) - running.done;
  // With a pace, the rest of a chunk is sent at once. Only the next chunk waits for its time.
  const std::uint64_t in_chunk = pace.chunk == 0 ? buffer_.size() : pace.chunk - running.done % pace.chunk;
  const std::size_t count = std::min<std::uint64_t>({left, in_chunk, buffer_.size()});
  sends_.fill(seen_.sent, std::span(buffer_).first(count));
  const ssize_t taken = ::send(socket_.get(), buffer_.data(), count, MSG_NOSIGNAL | flags);
  if (taken < 0) {
    if (would_block(errno)) return;
    latch(errno);
    if (bytes) running.failure = "sent " + of(running.done, bytes) + ", then " + errno_name(errno);
    running.over = true;
    return;
  }
  seen_.sent += static_cast<std::uint64_t>(taken);
  running.done += static_cast<std::uint64_t>(taken);
  running.over = bytes && running.done == *bytes;
  const bool chunk_done = pace.chunk == 0 || running.done % pace.chunk == 0;
  if (chunk_done) running.next = Clock::now() + pace.every;
}

void Player::fill(Running& running, const Fill& fill) {
  const std::uint64_t before = running.done;
  send(running, fill.bytes, Pace{});
  if (running.done != before || running.gives_up == TimePoint::max()) running.gives_up = Clock::now() + fill.patience;
  running.over = running.over || Clock::now() >= running.gives_up;
}

void Player::receive(Running& running, std::optional<std::uint64_t> bytes, const Pace& pace) {
  const std::uint64_t left = bytes.value_or(buffer_.size() + running.done) - running.done;
  const std::uint64_t chunk = pace.chunk == 0 ? buffer_.size() : pace.chunk;
  running.done += read_once(std::min<std::uint64_t>({left, chunk, buffer_.size()}));
  running.next = Clock::now() + pace.every;
  if (bytes && running.done == *bytes) {
    running.over = true;
  } else if (input_over_) {
    if (bytes) running.failure = "received " + of(running.done, bytes) + ", then the input ended";
    running.over = true;
  }
}

/// Returns the number of bytes read; 0: none are there now, or the input has ended.
std::size_t Player::read_once(std::size_t most) {
  if (input_over_) return 0;
  const ssize_t got = ::recv(socket_.get(), buffer_.data(), most, 0);
  if (got < 0) {
    if (would_block(errno)) return 0;
    latch(errno);
    input_over_ = true;
    return 0;
  }
  if (got == 0) {
    input_over_ = true;
    // After another call has taken the socket's error, a read returns 0, which looks like a FIN. Only EPIPE means a
    // reset that came after a FIN (net/ipv4/tcp_input.c tcp_reset).
    if (seen_.error == 0 || seen_.error == EPIPE) {
      seen_.fin = true;
      seen_.fin_at = elapsed();
    }
    return 0;
  }
  const auto fresh = std::span(buffer_).first(static_cast<std::size_t>(got));
  if (!seen_.first_wrong) {
    if (const auto wrong = expects_.first_wrong(seen_.received, fresh)) seen_.first_wrong = seen_.received + *wrong;
  }
  checksum_.add(fresh);
  seen_.received += fresh.size();
  return fresh.size();
}

void Player::expect_end(Running& running, bool fin) {
  receive(running, std::nullopt, Pace{});
  if (!running.over) return;
  if (fin && !seen_.fin) running.failure = "the input ended with " + errno_name(seen_.error);
  if (fin || !seen_.fin) return;
  // T14: without unread data, a UNIX socket shows a reset only as the end of both directions.
  const bool both_ended = unix_ && (events_now(socket_.get(), 0) & POLLHUP) != 0;
  if (both_ended) return;
  running.over = !unix_ || elapsed() > seen_.fin_at + kBothEnd;
  running.next = Clock::now() + kLook;
  if (running.over) running.failure = "the input ended with a FIN";
}

void Player::expect_error(Running& running) {
  if (seen_.error == 0 && (events_now(socket_.get(), 0) & POLLERR) != 0) latch(net::take_error(socket_.get()));
  running.over = seen_.error != 0;
  running.next = Clock::now() + kLook;
}

void Player::expect_quiet(Running& running, Duration time) {
  // An ended input stays readable. The socket also hangs up once the peer has acknowledged our own FIN.
  const short now = events_now(socket_.get(), POLLIN | POLLRDHUP) & (input_over_ ? POLLERR : ~0);
  running.next = Clock::now() + kLook;
  running.over = now != 0 || Clock::now() >= running.began + time;
  if ((now & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
    running.failure = "the input ended";
  } else if (now != 0) {
    running.failure = "data arrived";
  }
}

void Player::flush(Running& running) {
  // hung_up is read first. If the last acknowledgement and the hang-up arrive between the two calls, the connection has
  // not failed.
  const bool hung_up = (events_now(socket_.get(), POLLOUT) & (POLLERR | POLLHUP)) != 0;
  // An unacknowledged FIN counts as one byte (net/ipv4/tcp.c tcp_ioctl). flush waits for it, too.
  const std::uint32_t owed = net::unacknowledged(socket_.get());
  running.over = owed == 0;
  running.next = Clock::now() + kLook;
  if (running.over || !hung_up) return;
  running.failure = std::to_string(owed) + " bytes can never be acknowledged, the connection failed";
  running.over = true;
}

void Player::close_unread(Running& running) {
  if (input_over_ || unread(socket_.get()) == 0) {
    if (!input_over_ && (events_now(socket_.get(), POLLRDHUP) & (POLLRDHUP | POLLHUP | POLLERR)) == 0) return;
    running.failure = "the input had ended, and nothing was unread";
  }
  close_socket(false);
  running.over = true;
}

void Player::latch(int error) {
  if (seen_.error != 0) return;
  seen_.error = error;
  seen_.error_at = elapsed();
}

void Player::close_socket(bool by_reset) {
  if (!socket_) return;
  seen_.unacknowledged = net::unacknowledged(socket_.get());
  if (fin_sent_ && !unix_ && seen_.unacknowledged > 0) --seen_.unacknowledged;
  seen_.unread = unread(socket_.get());
  if (by_reset) {
    net::reset_and_close(socket_);
  } else {
    socket_.close();
  }
}

Elapsed Player::elapsed() const { return std::chrono::duration_cast<Elapsed>(Clock::now() - began_); }

}  // namespace lastbyte::peers
