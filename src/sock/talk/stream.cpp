// The life of a connection: what poll(2) watches, when the connection ends, and how it is closed. stream_io.cpp moves
// the bytes.
#include "sock/talk/stream.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace lastbyte::sock {
namespace {

/// How often to read a TCP state that may change without an event, while narrating.
constexpr Duration look_every{5};

std::string host_for_http(const Options& options) {
  return options.transport == Transport::unix_stream ? "localhost" : options.host + ":" + options.service;
}

}  // namespace

Stream::Stream(Endpoint&& endpoint, Surroundings around, Narrator narrator, TimePoint now)
    : endpoint_(std::move(endpoint)),
      around_(around),
      narrator_(std::move(narrator)),
      traffic_(around.options, host_for_http(around.options)),
      buffer_(around.options.read_size),
      receiving_(around.options.read_peer ? Receiving::open : Receiving::off),
      in_handshake_(around.options.fast_open && around.options.role == Role::client),
      started_(now),
      progress_(now),
      next_read_(now + options().delays.start + options().delays.read),
      next_write_(now + options().delays.start + options().delays.write),
      close_at_(TimePoint::max()) {
  received_.checked = !(options().mode == Mode::discard && options().transport == Transport::tcp);
  look();
  if (endpoint_.early_error != 0) {
    keep_error("connect", endpoint_.early_error);
    sending_ = Sending::failed;
  }
  end_what_is_due(now);
}

bool Stream::may_read(TimePoint now) const {
  return !closing() && receiving_ == Receiving::open && now >= next_read_ && traffic_.wants_peer();
}

bool Stream::may_write(TimePoint now) const {
  return !closing() && sending_ == Sending::open && now >= next_write_ && traffic_.has_outgoing();
}

bool Stream::may_take_input() const {
  return !closing() && sending_ == Sending::open && around_.input.open() && traffic_.wants_supply();
}

pollfd Stream::socket_watch(TimePoint now) const {
  pollfd watch{-1, 0, 0};
  if (closing()) return watch;
  if (may_read(now)) watch.events |= POLLIN;
  // With SO_OOBINLINE, recv() returns the urgent byte with the other data. Until then, POLLPRI would be reported over
  // and over.
  const bool urgent_apart = options().transport == Transport::tcp && !options().urgent_inline;
  if (may_read(now) && urgent_apart) watch.events |= POLLPRI;
  if (may_write(now) || (in_handshake_ && traffic_.nothing_more())) watch.events |= POLLOUT;
  // Do not watch a socket whose read is delayed: poll(2) would report its error over and over.
  const bool for_its_error = receiving_ != Receiving::open && !hung_up_;
  if (watch.events != 0 || for_its_error) watch.fd = fd();
  return watch;
}

void Stream::watch(std::vector<pollfd>& into, TimePoint now) const {
  into.push_back(socket_watch(now));
  into.push_back({may_take_input() ? around_.input.fd() : -1, POLLIN, 0});
  into.push_back({traffic_.output().empty() ? -1 : around_.output.fd(), POLLOUT, 0});
}

TimePoint Stream::wake_at(TimePoint now) const {
  auto at = TimePoint::max();
  const auto by = [&](bool matters, TimePoint when) {
    if (matters) at = std::min(at, when);
  };
  if (narrator_.on() && endpoint_.states.in_transit()) by(true, now + look_every);
  if (closing()) {
    by(traffic_.output().empty(), close_at_);
    return at;
  }
  by(receiving_ == Receiving::open && next_read_ > now, next_read_);
  by(sending_ == Sending::open && traffic_.has_outgoing() && next_write_ > now, next_write_);
  by(nothing_more_since_ && options().quit_after,
     nothing_more_since_.value_or(now) + options().quit_after.value_or(Duration(0)));
  by(options().timeout.has_value(), progress_ + options().timeout.value_or(Duration(0)));
  return at;
}

void Stream::act(std::span<const pollfd, kWatched> seen, TimePoint now) {
  if (seen[2].revents != 0) write_output();
  if (seen[1].revents != 0 && may_take_input()) {
    std::string bytes;
    around_.input.read_into(bytes, options().write_size);
    traffic_.supplied(bytes);
    if (!bytes.empty()) progress_ = now;
    if (!around_.input.open()) narrator_.line("end of file on standard input");
  }
  if (seen[0].revents != 0) act_on_socket(seen[0].revents, now);
  look();
  end_what_is_due(now);
}

void Stream::keep_error(std::string_view call, int error) {
  if (error_code_ != 0) return;
  error_code_ = error;
  error_ = std::string(call) + ": " + errno_name(error);
}

Ending Stream::error_ending() const {
  // EPIPE: a reset after the peer's FIN (net/ipv4/tcp_input.c tcp_reset).
  return error_code_ == ECONNRESET || error_code_ == EPIPE ? Ending::reset : Ending::failed;
}

/// Returns whether the stream may end. In SYN_SENT, shutdown() and close() abandon the connection and the data of the
/// SYN (net/ipv4/tcp.c, new_state), so the end must wait.
bool Stream::is_handshake_over() {
  if (!in_handshake_) return true;
  if (sent_.calls == 0 && !std::exchange(syn_is_out_, true)) send_bytes(fd(), {}, narrator_);
  in_handshake_ = is_connecting(fd());
  return !in_handshake_;
}

/// Acts when there is nothing more to send, for example by a FIN.
void Stream::end_sending(TimePoint now) {
  if (nothing_more_since_ || sending_ != Sending::open || !traffic_.nothing_more() || !is_handshake_over()) return;
  nothing_more_since_ = now;
  switch (options().at_eof) {
    case AtEof::keep: break;
    case AtEof::fin: {
      const auto outcome = shut_writing(fd(), narrator_);
      if (!outcome.ok()) keep_error("shutdown", outcome.error);
      sending_ = outcome.ok() ? Sending::shut : Sending::failed;
      look();
      break;
    }
    case AtEof::close:
    case AtEof::reset: begin_closing(receiving_ == Receiving::ended ? Ending::complete : Ending::closed, now); break;
  }
}

Ending Stream::due_ending(TimePoint now) const {
  const bool nothing_to_send = sending_ != Sending::open || traffic_.nothing_more();
  const bool failed = receiving_ == Receiving::failed || (sending_ == Sending::failed && receiving_ != Receiving::open);
  if (failed) return error_ending();
  if (options().receive_limit && received_.calls >= *options().receive_limit) return Ending::receive_limit;
  if (receiving_ == Receiving::ended && nothing_to_send) return Ending::complete;
  if (receiving_ == Receiving::ended && options().at_peer_eof == AtPeerEof::close && !traffic_.has_outgoing()) {
    return Ending::peer_eof;
  }
  // The peer is never read, so there is nothing to wait for.
  if (receiving_ == Receiving::off && nothing_to_send && !options().quit_after) return Ending::closed;
  if (options().quit_after && nothing_more_since_ && now >= *nothing_more_since_ + *options().quit_after) {
    return Ending::closed;
  }
  if (options().timeout && now >= progress_ + *options().timeout) return Ending::idle;
  return Ending::none;
}

void Stream::end_what_is_due(TimePoint now) {
  if (closed()) return;
  if (!closing()) {
    if (options().mode == Mode::relay && !around_.input.open()) traffic_.supply_ended();
    end_sending(now);
    if (!closing()) {
      if (const auto due = due_ending(now); due != Ending::none) begin_closing(due, now);
    }
  }
  if (closing() && traffic_.output().empty() && now >= close_at_) close_now(now);
}

void Stream::begin_closing(Ending ending, TimePoint now) {
  ending_ = ending;
  close_at_ = now + options().delays.close;
}

void Stream::stop(TimePoint now) {
  if (closed()) return;
  if (!traffic_.output().empty()) write_output();
  traffic_.output().clear();
  if (!closing()) ending_ = Ending::stopped;
  close_now(now);
}

void Stream::close_now(TimePoint now) {
  look();
  if (options().report) {
    const Report report{.local = endpoint_.local.text(),
                        .peer = endpoint_.peer.text(),
                        .sent = sent_,
                        .received = received_,
                        .ending = ending_,
                        .error = error_,
                        .with_reset = options().reset,
                        .lasted = now - started_,
                        .unwritten = traffic_.unsent(),
                        .tcp = look_at_tcp(fd()),
                        .queues = look_at_queues(fd())};
    narrator_.say(report_text(report));
  }
  if (options().reset) set_linger(fd(), linger{1, 0}, narrator_);
  close_socket(endpoint_.socket, narrator_);
}

}  // namespace lastbyte::sock
