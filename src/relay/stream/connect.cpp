// Session: reaching the upstream (T3). Until it is reached, the client's bytes and FIN stay in the kernel's queue; its
// reset cancels the attempt.
#include "net/transport/connect.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/memory.h"
#include "net/socket/socket.h"
#include "net/unix/stream.h"
#include "relay/context/context.h"
#include "relay/context/listener.h"
#include "relay/side/errors.h"
#include "relay/stream/kinds.h"
#include "relay/stream/session.h"

namespace lastbyte::relay {

using termination::Event;

namespace {

/// No readiness tells when a full backlog has room again: it is tried again, ever less often.
constexpr Duration kFirstPause{1};
constexpr Duration kLongestPause{250};

constexpr std::uint32_t kWatched = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;

/// No SYN has room for more.
constexpr std::size_t kMostEarly = 1500;

/// A connection that was made and reset before we looked: what came before the reset is still to be read (T4). An
/// attempt that a RST answers fails with ECONNREFUSED instead (net/ipv4/tcp_input.c tcp_reset).
bool was_connected(int error) { return error == ECONNRESET || error == EPIPE; }

}  // namespace

void Session::begin() {
  const int client = side(Which::client).socket.get();
  if (const int error = context_.epoll.add(client, kWatched, Tag::of(this, TagKind::client)); error != 0) {
    latch(Which::client, error);
    apply(Event::abort, Which::client);
    return;
  }
  side(Which::client).urgent_is_inline = side(Which::client).kind == net::Transport::tcp;  // as its listener
  side(Which::client).fast_open = listener_->forwarding->client.fast_open.has_value();
  // Its listener may have had another upstream when it connected.
  if (side(Which::client).kind == net::Transport::unix_stream)
    net::let_descriptors_pass(client, carries_descriptors(side(Which::client), side(Which::upstream)));
  set_up(side(Which::client), listener_->forwarding->client.socket);
  if (state_.side(Which::upstream).output == termination::Output::untried) {
    greet();
  } else {
    start_upstream();
  }
  if (!final()) arm();
}

void Session::start_upstream() {
  tries_began_ = context_.now;
  attempts_.addresses = static_cast<std::uint32_t>(listener_->upstream_for(client_address_).size());
  if (listener_->forwarding->early_fin == EarlyFin::abort && side(Which::client).hung_up) return fin_aborts();
  // No upstream is of a transparent client's family.
  if (attempts_.addresses == 0) latch(Which::upstream, EAFNOSUPPORT);
  try_next_address();
}

/// Gives the descriptor in reserve for it where none is left.
template <typename Start>
Result<net::Connecting> Session::with_spare(Start start) {
  auto connecting = start();
  if (connecting || !is_shortage(connecting.error().code) || !context_.spare) return connecting;
  context_.spare.close();
  return start();
}

/// Goes on to the next source address where one has no port left towards `to` or is not there: others may do (T13).
Result<net::Connecting> Session::start_connecting(const net::Address& to) {
  const net::ConnectOptions& settings = listener_->forwarding->upstream;
  if (listener_->upstream_root) {
    return with_spare([&] {
      return listener_->upstream_root->connect_now(to, settings.socket).map([](Descriptor socket) {
        return net::Connecting{std::move(socket), true};
      });
    });
  }
  const auto early = early_data();
  for (std::size_t left = listener_->source_count(to);; --left) {
    const auto source = listener_->source_for(to, client_address_);
    if (!source) return failure("connect from a source of that family", EAFNOSUPPORT);
    auto connecting = with_spare([&] {
      return net::start_connecting(listener_->forwarding->connect.transport, to, *source, settings, early,
                                   listener_->upstream_inside.get());
    });
    if (connecting || !is_of_the_source(connecting.error().code) || left <= 1) return connecting;
  }
}

void Session::try_next_address() {
  while (const auto which = attempts_.next()) {
    const auto left =
        listener_->forwarding->limits.connect - std::chrono::duration_cast<Duration>(context_.now - tries_began_);
    try_until_ = context_.now + upstream::time_for_try(attempts_, left);
    ++attempts_.made;
    const net::Address& to = listener_->upstream_for(client_address_)[*which];
    auto connecting = start_connecting(to);
    if (connecting ? take_connection(std::move(*connecting)) : waits_after(connecting.error().code)) return;
  }
  apply(Event::connect_failed, Which::upstream);
}

/// False: the next address is to be tried.
bool Session::take_connection(net::Connecting connecting) {
  Side& self = side(Which::upstream);
  self.socket = std::move(connecting.socket);
  if (self.kind == net::Transport::unix_stream && !carries_descriptors(self, side(Which::client)))
    net::let_descriptors_pass(self.socket.get(), false);
  early_ = static_cast<std::uint32_t>(connecting.early);
  self.readable = self.writable = self.hung_up = self.trouble = false;
  if (const int error = context_.epoll.add(self.socket.get(), kWatched, Tag::of(this, TagKind::upstream)); error != 0) {
    latch(Which::upstream, error);
    return false;
  }
  if (connecting.connected) connection_made();
  return true;
}

/// After a try that failed at once. False: the next address is to be tried.
bool Session::waits_after(int error) {
  const net::Address& to = listener_->upstream_for(client_address_)[attempts_.made - 1];
  if (error == EINPROGRESS) {
    wait_for_root(to);
    return true;
  }
  side(Which::upstream).error = error;  // the last try's, not the first's
  // connect(2): a UNIX socket's backlog is full. Or somebody renames directories on the way to it all the time.
  if (error != EAGAIN || side(Which::upstream).kind != net::Transport::unix_stream) return false;
  wait_for_backlog();
  return true;
}

/// The path is in another root, and to find it may take as long as whoever is there likes (T12).
void Session::wait_for_root(const net::Address& to) {
  awaited_ =
      std::make_unique<RootConnection>(*listener_->upstream_root, to, listener_->forwarding->upstream.socket,
                                       context_.mailbox, [this] { (void)enough_memory_for([this] { take_turn(); }); });
}

void Session::hear_of_root() {
  auto outcome = awaited_ ? awaited_->take() : std::nullopt;
  if (!outcome) return;
  awaited_.reset();
  if (*outcome) {
    if (!take_connection({std::move(**outcome), true})) try_next_address();
  } else if (is_shortage(outcome->error().code) && context_.spare) {
    context_.spare.close();
    wait_for_root(listener_->upstream_for(client_address_)[attempts_.made - 1]);
  } else if (!waits_after(outcome->error().code)) {
    try_next_address();
  }
}

void Session::wait_for_backlog() {
  backlog_pause_ = std::clamp(backlog_pause_ * 2, kFirstPause, kLongestPause);
  try_until_ = context_.now + backlog_pause_;
}

/// The next try is of the same address, and not another one (T3).
void Session::try_same_address() {
  --attempts_.made;
  try_next_address();
}

void Session::connected() {
  connected_ = last_activity_ = context_.now;
  side(Which::upstream).error = 0;  // of tries before this one
  side(Which::upstream).writable = true;
  set_up(side(Which::upstream), listener_->forwarding->upstream.socket);
  apply(Event::connected, Which::upstream);
  if (listener_->forwarding->send_proxy) {
    prepare_preface();
  } else {
    take_early_data();
  }
}

/// What may go with the SYN (Fast Open): the preface, or else what the client has said so far, which stays in its queue
/// until the upstream is known to have it.
std::span<const std::byte> Session::early_data() {
  const Forwarding& forwarding = *listener_->forwarding;
  if (!forwarding.upstream.fast_open || forwarding.connect.transport != net::Transport::tcp) return {};
  if (forwarding.send_proxy)
    return make_preface() ? std::as_bytes(std::span(greeting_->preface)) : std::span<std::byte>();
  const auto room = std::span(*context_.buffer).first(kMostEarly);
  const ssize_t got = ::recv(side(Which::client).socket.get(), room.data(), room.size(), MSG_PEEK);
  return room.first(got > 0 ? static_cast<std::size_t>(got) : 0);
}

void Session::take_early_data() {
  while (early_ > 0) {
    const ssize_t got = ::recv(side(Which::client).socket.get(), context_.buffer->data(), early_, 0);
    if (got <= 0) break;  // it lay there a moment ago
    count_received(Which::client, static_cast<std::size_t>(got));
    count_sent(Which::client, static_cast<std::size_t>(got));
    early_ -= static_cast<std::uint32_t>(got);
  }
}

/// The client's own that went with the SYN, although its queue, where they lay, is gone: the upstream may have them.
void Session::count_early_data() {
  if (early_ == 0) return;
  side(Which::upstream).fast_open = true;
  count_received(Which::client, early_);
  count_sent(Which::client, early_);
  early_ = 0;
}

void Session::on_connecting_events(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    const int error = net::take_error(side(Which::upstream).socket.get());
    if (!was_connected(error)) return try_failed(error);
    connected();
    latch(Which::upstream, error);
    side(Which::upstream).trouble = false;
  } else if ((events & EPOLLOUT) != 0) {
    connection_made();
  }
}

void Session::connection_made() {
  Side& self = side(Which::upstream);
  const bool asks = self.kind == net::Transport::tcp && listener_->may_meet_itself;
  if (!asks || !net::is_its_own_peer(self.socket.get())) return connected();
  // Nobody is there. Reset, so that its port does not stay in TIME_WAIT, where the upstream would find it taken.
  net::reset_and_close(self.socket);
  try_failed(ECONNREFUSED);
}

void Session::try_failed(int error) {
  side(Which::upstream).error = 0;
  latch(Which::upstream, error);
  side(Which::upstream).socket.close();
  awaited_.reset();
  try_next_address();
}

void Session::on_early_client_events(std::uint32_t events) {
  if ((events & EPOLLERR) != 0) {
    client_failed_early(net::take_error(side(Which::client).socket.get()));
  } else if ((events & EPOLLRDHUP) != 0 && listener_->forwarding->early_fin == EarlyFin::abort) {
    fin_aborts();
  }
}

/// The operator's word: whoever ends so early does not wait for an answer.
void Session::fin_aborts() {
  latch(Which::upstream, ECANCELED);
  apply(Event::connect_failed, Which::upstream);
}

/// Its socket reports an error before anything was written to it.
void Session::client_failed_early(int error) {
  if (!listener_->forwarding->send_proxy) count_early_data();
  Side& client = side(Which::client);
  latch(Which::client, error);
  client.trouble = false;
  apply(event_of_input_end(-1, client.error, false), Which::client);
}

}  // namespace lastbyte::relay
