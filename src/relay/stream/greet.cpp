// Session: who the client is. What may be its PROXY header is looked at where it lies, in the kernel's queue
// (MSG_PEEK), and is read once it can be nothing else: as soon as the signature is whole, so that a small queue, or a
// mark of urgent data, does not keep the rest back; and to the header's last byte, not beyond. What follows is the
// client's, like all that is no header. Each segment makes an edge, so that a header that comes byte by byte costs no
// waiting in between.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "net/address/mapped.h"
#include "net/socket/socket.h"
#include "net/unix/stream.h"
#include "relay/context/admission.h"
#include "relay/context/context.h"
#include "relay/context/listener.h"
#include "relay/side/errors.h"
#include "relay/stream/kinds.h"
#include "relay/stream/session.h"
#include "relay/worker/worker.h"

namespace lastbyte::relay {

namespace proxy = net::proxy_protocol;
using termination::Event;

/// Before the client has said anything.
void Session::greet() {
  greeting_ = std::make_unique<Greeting>();
  greeting_->introduction = std::make_shared<Introduction>();
  if (welcome_ == Welcome::reject)
    reject_greeting("PROXY header: client.proxy-trusted does not name " + client_address_.text());
}

void Session::on_greeting_events(std::uint32_t events) {
  if ((events & EPOLLERR) != 0) return client_failed_early(net::take_error(side(Which::client).socket.get()));
  hear_client(side(Which::client).hung_up ? Coming::ended : Coming::more);
}

void Session::hear_client(Coming coming) {
  std::string& begun = greeting_->begun;
  for (;;) {
    // One byte more than a header can have tells whether something follows it.
    const auto room = std::span(*context_.buffer).first(kLongestGreeting + 1);
    std::memcpy(room.data(), begun.data(), begun.size());
    const auto fresh = room.subspan(begun.size());
    const ssize_t got = ::recv(side(Which::client).socket.get(), fresh.data(), fresh.size(), MSG_PEEK);
    if (got < 0 && errno != EAGAIN) return client_failed_early(errno);
    if (got == 0) coming = Coming::ended;
    const std::size_t came = got > 0 ? static_cast<std::size_t>(got) : 0;
    const auto seen = room.first(begun.size() + came);
    Heard heard = hear(seen, listener_->forwarding->proxy_header, Coming::more);
    const bool unfinished = std::holds_alternative<Await>(heard);
    if (unfinished && came > 0 && proxy::has_signature(seen)) {
      if (!read_of_header(fresh.first(came))) return;
      begun.append(reinterpret_cast<const char*>(fresh.data()), came);
      continue;
    }
    if (unfinished && coming != Coming::more) heard = hear(seen, listener_->forwarding->proxy_header, coming);
    return act_on(heard, coming, seen.size());
  }
}

/// `seen`: bytes that have been looked at or read, of the header and behind it.
void Session::act_on(const Heard& heard, Coming coming, std::size_t seen) {
  if (const auto* header = std::get_if<proxy::Header>(&heard)) {
    take_header(*header, seen);
  } else if (const auto* refused = std::get_if<Refused>(&heard)) {
    reject_greeting(refused->reason, coming == Coming::late ? Event::deadline : Event::rejected);
  } else if (std::holds_alternative<Plain>(heard)) {
    let_in();
  }
}

/// Reads what lies there, as much as `room` is long. False: the session is over.
bool Session::read_of_header(std::span<std::byte> room) {
  while (!room.empty()) {
    const auto got = net::receive_with_descriptors(side(Which::client).socket.get(), room);
    if (got.bytes <= 0) {
      client_failed_early(errno);  // it lay there a moment ago, and nobody else reads
      return false;
    }
    // The byte that they came with goes no further, and they would be lost without a word (T14).
    if (got.lost_some || !got.descriptors.empty()) {
      reject_greeting("file descriptors came with the PROXY header");
      return false;
    }
    room = room.subspan(static_cast<std::size_t>(got.bytes));
  }
  return true;
}

void Session::take_header(const proxy::Header& header, std::size_t seen) {
  Side& client = side(Which::client);
  if (!read_of_header(std::span(*context_.buffer).first(header.length - greeting_->begun.size()))) return;
  greeting_->begun = std::string();
  // What comes now makes a new edge.
  if (seen == header.length && !client.hung_up && short_read_empties(client)) client.readable = false;
  introduce(*greeting_, header);
  if (!header.source.none()) {
    greeting_->introduction->via = client_address_;
    client_address_ = net::unmapped(header.source);
  }
  if (listener_->forwarding->send_proxy == proxy::Version::v2) greeting_->tlvs = header.tlvs;
  let_in();
}

void Session::let_in() {
  const Admission admission = admit(context_.shared, *listener_, client_address_, context_.now);
  count(context_.counters, admission);
  if (admission != Admission::granted) return reject(std::string(reason(admission)));
  admitted_ = true;
  apply(Event::greeted, Which::client);
  start_upstream();
}

/// For its PROXY header, or for want of one: where that has to do with the time, what has been said does not matter.
void Session::reject_greeting(std::string why, Event event) {
  context_.counters.bad_greetings.fetch_add(1, std::memory_order_relaxed);
  reject(std::move(why), event);
}

void Session::reject(std::string why, Event event) {
  greeting_->introduction->rejection = std::move(why);
  apply(event, Which::client);
}

/// False: it cannot be, and the upstream, which waits for a header, is not served without one.
bool Session::make_preface() {
  if (greeting_ && !greeting_->preface.empty()) return true;
  if (!greeting_) greeting_ = std::make_unique<Greeting>();
  net::Address destination = greeting_->destination;
  if (destination.none()) destination = net::local_address(side(Which::client).socket.get());
  auto text = preface(*listener_->forwarding->send_proxy, client_address_, destination, std::move(greeting_->tlvs));
  if (!text) {
    context_.shared.warn_seldom(context_.shared.bad_prefaces, context_.now, [&] {
      return "session " + std::to_string(id_) + " was reset: " + text.error().text();
    });
    return false;
  }
  greeting_->preface = std::move(*text);
  return true;
}

/// Its bytes wait for the upstream ahead of all that the client says, although no client said them.
void Session::prepare_preface() {
  if (!make_preface()) return apply(Event::abort, Which::client);
  greeting_->owed = true;
  greeting_->sent = early_;
  side(Which::upstream).sent += early_;
  if (has_preface()) apply(Event::pending, Which::client);
}

/// True: nothing of it waits any more.
bool Session::send_preface() {
  Side& upstream = side(Which::upstream);
  while (has_preface() && upstream.writable) {
    const std::string_view rest = std::string_view(greeting_->preface).substr(greeting_->sent);
    const ssize_t put = ::send(upstream.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (put > 0) {
      greeting_->sent += static_cast<std::size_t>(put);
      upstream.sent += static_cast<std::size_t>(put);
      last_activity_ = context_.now;
      if (has_preface()) upstream.writable = false;
    } else {
      write_failed(Which::upstream, errno);
      break;
    }
  }
  return !has_preface();
}

}  // namespace lastbyte::relay
