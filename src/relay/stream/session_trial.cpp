// Session: a trial (T3). The upstream is connected and has not answered. The bytes sent to it also stay in the client's
// receive queue, so that another upstream can have them if this one fails. Termination still regards the upstream as
// connecting, and hears nothing of the trial. The trial ends at the upstream's first byte or FIN, or at anything else
// that is not the upstream's failure. The sent bytes are then removed from the queue and accounted for, as with Fast
// Open.
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "relay/context/context.h"
#include "relay/side/errors.h"
#include "relay/side/transport.h"
#include "relay/stream/session.h"

namespace lastbyte::relay {

using termination::Event;

namespace {

/// Peeks at the answer, and leaves it in the queue.
ssize_t peek_answer(Side& upstream) {
  std::array<std::byte, 1> room;
  return transport::peek(upstream, room);
}

}  // namespace

bool Session::wants_trial() const {
  if (reach_.group() == nullptr) return false;
  const upstream::Retry* retry = reach_.group()->retry();
  if (retry == nullptr || !retry->on_reset || retry->replay == 0) return false;
  const Side& client = side(Which::client);
  const Side& self = side(Which::upstream);
  return self.kind != net::Transport::udp && !transport::carries_descriptors(client, self) && !client.quirks.urgent;
}

/// `error`: the errno with which the socket has failed already.
void Session::begin_trial(int error) {
  GroupReach& way = *reach_.group();
  way.trial = {.on = true};
  if (error != 0) return trial_failed(error);
  if (listener_->forwarding->send_proxy && !make_preface()) return abandon(Abandoned::no_header);
  way.trial.preface_sent = early_;
  early_ = 0;
  // A banner may have arrived with the event that reported the connection. No other event reports it.
  if (side(Which::upstream).ready.readable) on_trial_events(EPOLLIN);
  if (on_trial()) play_trial();
}

/// Sends as much of the preface and the request as the upstream accepts now.
void Session::play_trial() {
  if (side(Which::client).quirks.urgent) return end_trial();
  if (play_preface() && on_trial()) play_request();
}

/// False: the preface is not fully sent yet, or the trial is over.
bool Session::play_preface() {
  if (!listener_->forwarding->send_proxy) return true;
  Trial& trial = reach_.group()->trial;
  Side& self = side(Which::upstream);
  const auto text = std::as_bytes(std::span(greeting_->preface.text));
  while (trial.preface_sent < text.size()) {
    const ssize_t put = transport::write(self, text.subspan(trial.preface_sent));
    if (put <= 0) {
      write_failed_on_trial(errno);
      return false;
    }
    trial.preface_sent += static_cast<std::uint32_t>(put);
    self.ledger.sent += static_cast<std::uint64_t>(put);
    times_.activity = context_.now;
  }
  return true;
}

/// False: the trial is over.
bool Session::play_request() {
  Trial& trial = reach_.group()->trial;
  Side& client = side(Which::client);
  Side& self = side(Which::upstream);
  const std::size_t most = std::min<std::uint64_t>(reach_.group()->retry()->replay, kBlockSize - 1);
  const auto room = std::span(*context_.buffer).first(most + 1);
  const ssize_t got = transport::peek(client, room);
  if (got < 0 && !would_block(errno)) {
    end_trial();  // the next read finds the client's failure
    return false;
  }
  const std::size_t there = got > 0 ? static_cast<std::size_t>(got) : 0;
  if (there > most) {
    end_trial();
    return false;
  }
  while (trial.sent < there) {
    const ssize_t put = transport::write(self, room.subspan(trial.sent, there - trial.sent));
    if (put <= 0) {
      write_failed_on_trial(errno);
      return on_trial();
    }
    trial.sent += static_cast<std::uint32_t>(put);
    self.ledger.sent += static_cast<std::uint64_t>(put);
    times_.activity = context_.now;
  }
  // The client's FIN stands behind all of its bytes, and those in the queue are all.
  if (client.ready.hung_up && !trial.fin_sent && !client.ready.trouble) {
    trial.fin_sent = true;
    if (!transport::send_fin(self)) write_failed_on_trial(EPIPE);
  }
  return on_trial();
}

void Session::on_trial_events(std::uint32_t events) {
  Side& self = side(Which::upstream);
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP | EPOLLPRI)) != 0) {
    if (peek_answer(self) >= 0 || (events & EPOLLPRI) != 0) return end_trial();
    if (const int error = errno; !would_block(error) && error != EINTR) return trial_failed(error);
  }
  if ((events & EPOLLOUT) != 0) play_trial();
}

/// Handles a failed write. The upstream's answer may already be in the receive queue (T5).
void Session::write_failed_on_trial(int error) {
  if (error == EINTR) return take_turn();
  if (would_block(error)) return;  // EPOLLOUT resumes it
  Side& self = side(Which::upstream);
  self.latch(error);
  const ssize_t got = peek_answer(self);
  if (got > 0 || (got == 0 && transport::fin_has_come(self))) return end_trial(error);
  trial_failed(error);
}

/// Handles a connection that failed before the upstream's first byte.
void Session::trial_failed(int error) {
  GroupReach& way = *reach_.group();
  Side& self = side(Which::upstream);
  if (!way.may_try_again()) return end_trial(error);
  note_failed_try(self);
  self.socket.close();
  const net::Transport kind = self.kind;
  self = Side{};
  self.kind = kind;
  const bool to_tcp = kind == net::Transport::tcp;
  self.quirks.nodelay = !to_tcp || !upstream_options().socket.nodelay;
  self.latch(error);
  has_long_lived_options_ = !to_tcp;
  if (greeting_) greeting_->preface.sent = 0;
  times_.connected = {};
  way.try_again(error);
  pursue();
}

/// Commits the session to this upstream, and accounts for the bytes sent to it. `error`: the errno with which its
/// socket has failed.
void Session::end_trial(int error) {
  GroupReach& way = *reach_.group();
  Side& self = side(Which::upstream);
  const Trial trial = std::exchange(way.trial, {});
  way.settle();
  self.fin_sent = trial.fin_sent;
  self.ledger.sent = 0;  // the bytes are counted again below
  apply(Event::connected, Which::upstream);
  early_ = trial.preface_sent;
  if (listener_->forwarding->send_proxy) owe_preface();
  early_ = trial.sent;
  pass_early_data();
  self.ready.writable = true;
  if (error == 0) return;
  self.latch(error);
  self.ready.trouble = false;
  transport::expect_end(self);
}

}  // namespace lastbyte::relay
