// Session: identifying the client and connecting to the upstream (T3). Until the upstream is connected, the client's
// bytes and FIN stay in the kernel's queue; the client's reset cancels the attempt.
#include <sys/epoll.h>

#include <cerrno>

#include "base/memory.h"
#include "net/address/mapped.h"
#include "relay/context/admission.h"
#include "relay/context/context.h"
#include "relay/side/errors.h"
#include "relay/side/transport.h"
#include "relay/stream/session.h"
#include "relay/terms/counters.h"

namespace lastbyte::relay {

namespace proxy = net::proxy_protocol;
using termination::Event;
using termination::Output;

namespace {

/// A SYN has no room for more.
constexpr std::size_t kMostEarly = 1500;

/// Whether the connection was made, and reset before we looked: the bytes before the reset must still be read (T4). An
/// attempt that is answered by a RST fails with ECONNREFUSED instead (net/ipv4/tcp_input.c tcp_reset).
bool was_connected(int error) { return error == ECONNRESET || error == EPIPE; }

}  // namespace

void Session::begin() {
  Side& client = side(Which::client);
  if (const int error = context_.epoll.add(client.socket.get(), kWatchedEvents, Tag::of(this, TagKind::client));
      error != 0) {
    client.latch(error);
    return abandon(Abandoned::not_watched);
  }
  client.quirks.urgent_is_inline = client.kind == net::Transport::tcp;  // inherited from the listener
  client.quirks.fast_open = listener_->forwarding->client.fast_open.has_value();
  // The listener may have had another upstream when this client connected.
  if (client.kind == net::Transport::unix_stream)
    transport::let_descriptors_pass(client, transport::carries_descriptors(client, side(Which::upstream)));
  transport::set_up(client, listener_->forwarding->client.socket);
  if (state_.side(Which::upstream).output == Output::untried) {
    greeting_ = std::make_unique<Greeting>();
    greeting_->introduction = std::make_shared<Introduction>();
    if (welcome_ == Welcome::reject)
      reject_greeting("PROXY header: client.proxy-trusted does not name " + client_address_.text());
  } else {
    start_upstream();
  }
  if (!final()) arm();
}

/// Examines what has arrived of the client's PROXY header.
void Session::hear(Coming coming) {
  const Event why = coming == Coming::late ? Event::deadline : Event::rejected;
  const Introduced heard =
      hear_client(side(Which::client), *greeting_, *context_.buffer, listener_->forwarding->proxy_header, coming);
  if (const auto* header = std::get_if<proxy::Header>(&heard)) {
    identify(*header);
    let_in();
  } else if (const auto* refused = std::get_if<Refused>(&heard)) {
    reject_greeting(refused->reason, why);
  } else if (const auto* failed = std::get_if<ClientFailed>(&heard)) {
    client_failed_early(failed->error);
  } else if (std::holds_alternative<CarriesDescriptors>(heard)) {
    reject_greeting("file descriptors came with the PROXY header");
  } else if (std::holds_alternative<Plain>(heard)) {
    let_in();
  }
}

/// Takes the client's identity from the header.
void Session::identify(const proxy::Header& header) {
  introduce(*greeting_, header);
  if (!header.source.none()) {
    greeting_->introduction->via = client_address_;
    client_address_ = net::unmapped(header.source);
  }
  if (listener_->forwarding->send_proxy == proxy::Version::v2) greeting_->tlvs = header.tlvs;
}

void Session::let_in() {
  const Admission admission = admit(context_.shared, *listener_, client_address_, context_.now);
  count(context_.counters, *listener_, admission);
  if (admission != Admission::granted) return reject(std::string(reason(admission)));
  admitted_ = true;
  apply(Event::greeted, Which::client);
  start_upstream();
}

/// Rejects the client for its PROXY header, or for the lack of one. `event` is deadline if the time for it is over,
/// whatever has arrived.
void Session::reject_greeting(std::string why, Event event) {
  context_.counters.add(Count::bad_greetings);
  listener_->figures->refuse(Refusal::proxy_header);
  reject(std::move(why), event);
}

void Session::reject(std::string why, Event event) {
  greeting_->introduction->rejection = std::move(why);
  apply(event, Which::client);
}

void Session::start_upstream() {
  if (listener_->forwarding->connect_on == ConnectOn::accept) return reach_upstream();
  apply(Event::held_back, Which::upstream);
  times_.activity = context_.now;  // limits.first-byte counts from here
  await_data();
}

/// Implements `connect-on: data`. Looks whether the client has sent a byte, or its FIN without one; both stay in its
/// queue.
void Session::await_data() {
  std::byte first;
  const ssize_t got = transport::peek(side(Which::client), {&first, 1});
  if (got > 0) {
    apply(Event::asked, Which::upstream);
    reach_upstream();
  } else if (got == 0) {
    apply(Event::fin, Which::client);
  } else if (errno != EAGAIN) {
    client_failed_early(errno);
  }
}

void Session::reach_upstream() {
  if (listener_->group) {
    reach_.begin(std::make_unique<GroupReach>(context_, *listener_, *this, client_address_, times_.started));
    if (listener_->forwarding->early_fin == EarlyFin::abort && side(Which::client).ready.hung_up) return fin_aborts();
    return pursue();
  }
  const auto& addresses = listener_->upstream_for(client_address_);
  reach_.begin(context_.now, listener_->forwarding->limits.connect, addresses);
  if (listener_->forwarding->early_fin == EarlyFin::abort && side(Which::client).ready.hung_up) return fin_aborts();
  // No upstream address has the family of the transparent client.
  if (addresses.empty()) side(Which::upstream).latch(EAFNOSUPPORT);
  try_next_address();
}

void Session::try_next_address() {
  while (const net::Address* to = reach_.next(context_.now)) {
    if (context_.shared.keeps_trails) trail_.add(age(), Which::upstream, Happened::connecting);
    auto connecting = start_connecting(*to);
    if (connecting ? take_connection(std::move(*connecting)) : waits_after(connecting.error().code)) return;
  }
  apply(Event::connect_failed, Which::upstream);
}

/// Calls `start`; on a shortage of descriptors, releases the spare one and calls it again.
template <typename Start>
Result<net::Connecting> Session::with_spare(Start start) {
  auto connecting = start();
  if (connecting || !is_shortage(connecting.error().code) || !context_.spare) return connecting;
  context_.spare.close();
  return start();
}

/// Starts a connection to `to`. A source address that has no port left towards `to`, or that this host does not have,
/// is skipped: the next one may work (T13).
Result<net::Connecting> Session::start_connecting(const net::Address& to) {
  const MemberConnect* member = reach_.group() == nullptr ? nullptr : reach_.group()->member_connect();
  const net::ConnectOptions& settings = listener_->options(member);
  if (listener_->upstream_root) {
    return with_spare([&] {
      return listener_->upstream_root->connect_now(to, settings.socket).map([](Descriptor socket) {
        return net::Connecting{std::move(socket), true};
      });
    });
  }
  const auto early = early_data();
  for (std::size_t left = listener_->source_count(to, member);; --left) {
    const auto source = listener_->source_for(to, client_address_, member);
    if (!source) return failure("connect from a source of that family", EAFNOSUPPORT);
    auto connecting = with_spare([&] {
      return net::start_connecting(side(Which::upstream).kind, to, *source, settings, early,
                                   listener_->upstream_inside.get(), net::HandshakeAck::put_off);
    });
    if (connecting || !is_of_the_source(connecting.error().code) || left <= 1) return connecting;
  }
}

/// Takes over the new connection. False: try the next address.
bool Session::take_connection(net::Connecting connecting) {
  Side& self = side(Which::upstream);
  self.socket = std::move(connecting.socket);
  if (self.kind == net::Transport::unix_stream && !transport::carries_descriptors(self, side(Which::client)))
    transport::let_descriptors_pass(self, false);
  early_ = static_cast<std::uint32_t>(connecting.early);
  self.ready = {};
  if (const int error = context_.epoll.add(self.socket.get(), kWatchedEvents, Tag::of(this, TagKind::upstream));
      error != 0) {
    self.latch(error);
    return false;
  }
  if (connecting.connected) connection_made();
  return true;
}

/// Handles a try that failed at once. False: try the next address.
bool Session::waits_after(int error) {
  if (error == EINPROGRESS) {
    wait_for_root();
    return true;
  }
  side(Which::upstream).error = error;  // the last try's error, not the first one's
  // EAGAIN: a UNIX socket's backlog is full (connect(2)), or another process keeps renaming directories of its path.
  if (error != EAGAIN || side(Which::upstream).kind != net::Transport::unix_stream) return false;
  reach_.pause(context_.now);
  return true;
}

/// Has another thread connect: the path is in another root, where a lookup may take any time (T12).
void Session::wait_for_root() {
  awaited_ = std::make_unique<RootConnection>(*listener_->upstream_root, *reach_.choice(),
                                              listener_->forwarding->upstream.socket, context_.mailbox,
                                              [this] { (void)enough_memory_for([this] { take_turn(); }); });
}

void Session::hear_of_root() {
  auto outcome = awaited_ ? awaited_->take() : std::nullopt;
  if (!outcome) return;
  awaited_.reset();
  if (*outcome) {
    if (take_connection({std::move(**outcome), true})) return;
    reach_.group() == nullptr ? try_next_address() : own_failed(side(Which::upstream).error);
  } else if (is_shortage(outcome->error().code) && context_.spare) {
    context_.spare.close();
    wait_for_root();
  } else if (reach_.group() != nullptr) {
    own_failed(outcome->error().code);
  } else if (!waits_after(outcome->error().code)) {
    try_next_address();
  }
}

void Session::on_connecting_events(std::uint32_t events) {
  if (on_trial()) return on_trial_events(events);
  Side& self = side(Which::upstream);
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    const int error = transport::take_error(self);
    if (!was_connected(error)) return try_failed(error);
    connected(error);
  } else if ((events & EPOLLOUT) != 0) {
    connection_made();
  }
}

void Session::connection_made() {
  Side& self = side(Which::upstream);
  if (!listener_->may_meet_itself || !transport::is_its_own_peer(self)) return connected();
  // The socket connected to itself, so no server listens. A reset leaves no TIME_WAIT, which would keep the upstream
  // from binding its port.
  transport::reset_and_close(self);
  try_failed(ECONNREFUSED);
}

void Session::try_failed(int error) {
  if (reach_.group() != nullptr) return own_failed(error);
  Side& self = side(Which::upstream);
  self.error = 0;
  self.latch(error);
  note_failed_try(self);
  self.socket.close();
  awaited_.reset();
  try_next_address();
}

/// `error`: the errno with which the socket has failed since; 0: none.
void Session::connected(int error) {
  Side& self = side(Which::upstream);
  times_.connected = times_.activity = context_.now;
  self.error = 0;  // drops the errors of earlier tries
  if (bad_ends_) (*bad_ends_)[static_cast<std::size_t>(Which::upstream)] = {};
  self.ready.writable = true;
  transport::set_up(self, upstream_options().socket);
  owes_ack_ = true;
  if (reach_.group() != nullptr) member_connected();
  if (wants_trial()) return begin_trial(error);
  apply(Event::connected, Which::upstream);
  if (listener_->forwarding->send_proxy) {
    owe_preface();
  } else {
    pass_early_data();
  }
  if (error == 0) return;
  self.latch(error);
  self.ready.trouble = false;
}

/// Sends the handshake's ACK, unless the client's bytes or FIN have carried it already.
void Session::conclude_handshake() {
  owes_ack_ = false;
  Side& self = side(Which::upstream);
  if (self.socket && self.ledger.sent == 0 && !self.fin_sent) transport::send_handshake_ack(self);
}

void Session::on_early_client_events(std::uint32_t events) {
  Side& client = side(Which::client);
  if (on_trial()) {
    (events & EPOLLERR) != 0 ? end_trial() : play_trial();
  } else if ((events & EPOLLERR) != 0) {
    client_failed_early(transport::take_error(client));
  } else if (state_.side(Which::upstream).output == Output::untried) {
    hear(client.ready.hung_up ? Coming::ended : Coming::more);
  } else if (state_.side(Which::upstream).output == Output::unasked) {
    await_data();
  } else if ((events & EPOLLRDHUP) != 0 && listener_->forwarding->early_fin == EarlyFin::abort) {
    fin_aborts();
  }
}

/// Implements `early-fin: abort`: the operator says that a client which sends its FIN this early expects no answer.
void Session::fin_aborts() {
  side(Which::upstream).latch(ECANCELED);
  apply(Event::connect_failed, Which::upstream);
}

/// Handles an error of the client's socket before anything was written to it.
void Session::client_failed_early(int error) {
  if (!listener_->forwarding->send_proxy) count_early_data();
  Side& client = side(Which::client);
  client.latch(error);
  client.ready.trouble = false;
  apply(event_of_input_end(-1, client.error, false), Which::client);
}

/// Makes the PROXY header for the upstream. False: it cannot be written, and an upstream that waits for a header is not
/// served without one.
bool Session::make_preface() {
  if (greeting_ && !greeting_->preface.text.empty()) return true;
  if (!greeting_) greeting_ = std::make_unique<Greeting>();
  net::Address destination = greeting_->destination;
  if (destination.none()) destination = transport::local_address(side(Which::client));
  auto text =
      preface_text(*listener_->forwarding->send_proxy, client_address_, destination, std::move(greeting_->tlvs));
  if (!text) {
    context_.shared.warn_limited(context_.shared.bad_prefaces, context_.now, [&] {
      return "session " + std::to_string(id_) + " was reset: " + text.error().text();
    });
    return false;
  }
  greeting_->preface.text = std::move(*text);
  return true;
}

/// Queues the PROXY header for the upstream ahead of the client's bytes, although the client did not send it.
void Session::owe_preface() {
  if (!make_preface()) return abandon(Abandoned::no_header);
  Ledger& ledger = side(Which::upstream).ledger;
  greeting_->preface.owed = true;
  greeting_->preface.sent = early_;
  ledger.sent += early_;
  ledger.preface += early_;
  if (has_preface()) apply(Event::pending, Which::client);
}

/// The options of the member, if the session has a group, else of the forwarding.
const net::ConnectOptions& Session::upstream_options() const {
  return listener_->options(reach_.group() == nullptr ? nullptr : reach_.group()->member_connect());
}

/// The bytes that may go with the SYN (Fast Open): the preface, or else what the client has sent so far. The client's
/// bytes stay in its receive queue until the upstream is known to have them.
std::span<const std::byte> Session::early_data() {
  const Forwarding& forwarding = *listener_->forwarding;
  if (reach_.group() != nullptr && !reach_.group()->may_send_early()) return {};
  if (!forwarding.upstream.fast_open || forwarding.connect.transport != net::Transport::tcp) return {};
  if (forwarding.send_proxy)
    return make_preface() ? std::as_bytes(std::span(greeting_->preface.text)) : std::span<std::byte>();
  const auto room = std::span(*context_.buffer).first(kMostEarly);
  const ssize_t got = transport::peek(side(Which::client), room);
  return room.first(got > 0 ? static_cast<std::size_t>(got) : 0);
}

/// Removes from the client's queue the bytes that went with the SYN.
void Session::pass_early_data() {
  while (early_ > 0) {
    const ssize_t got = transport::read(side(Which::client), std::span(*context_.buffer).first(early_));
    if (got <= 0) break;  // the bytes were there a moment ago
    const auto bytes = static_cast<std::uint32_t>(got);
    side(Which::client).ledger.received += bytes;
    side(Which::upstream).ledger.sent += bytes;
    early_ -= bytes;
  }
}

/// Counts the client's bytes that went with the SYN. The client's queue is gone, but the upstream may have them.
void Session::count_early_data() {
  if (early_ == 0) return;
  side(Which::upstream).quirks.fast_open = true;
  side(Which::client).ledger.received += early_;
  side(Which::upstream).ledger.sent += early_;
  early_ = 0;
}

}  // namespace lastbyte::relay
