#include "relay/worker/acceptor.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/memory.h"
#include "net/socket/calls.h"
#include "relay/context/admission.h"
#include "relay/stream/greeting.h"

namespace lastbyte::relay {
namespace {

constexpr unsigned kLargestBatch = 64;
constexpr std::size_t kLookedAtInARound = 64;  ///< leaving sockets checked per round

/// Ticks until accepting is tried again when clients wait for sessions to end, or leaving sockets for their last
/// client.
constexpr std::uint64_t kPause = 5;

/// Holds the admission of a client that has no session yet, and releases it at the end, unless it is kept.
class Admitted {
 public:
  Admitted(const ListenerState& listener, const net::Address& client) : listener_(listener), client_(client) {}
  ~Admitted() {
    if (held_) release_admission(listener_, client_);
  }
  Admitted(const Admitted&) = delete;
  Admitted& operator=(const Admitted&) = delete;
  void hold() { held_ = true; }
  /// Hands the admission over to the session.
  void keep() { held_ = false; }

 private:
  const ListenerState& listener_;
  const net::Address& client_;
  bool held_ = false;
};

}  // namespace

/// Accepts one client, and more if the next wait for events shows that more are waiting. So a lone client does not cost
/// an accept() that returns EAGAIN.
void Acceptor::on_event(ListeningSocket& listening) {
  // A message of this round may have closed it.
  if (!listening.socket) return;
  const bool more_were_waiting = listening.told_in + 1 == context_.round;
  listening.batch = more_were_waiting ? std::min(listening.batch * 2, kLargestBatch) : 1;
  listening.told_in = context_.round;
  for (unsigned taken = 0; taken < listening.batch; ++taken)
    if (!accept_one(listening)) return;
}

/// False: no other client can be accepted now.
bool Acceptor::accept_one(ListeningSocket& listening) {
  ListenerState& state = *listening.state;
  if (const int error = keep_spare(context_.spare); error != 0) {
    pause(state, error);
    return false;
  }
  Reservation place(context_.shared, state.forwarding->max_sessions, *state.counts);
  if (!place) {
    // The other clients wait in the backlog, which keeps their early data and FINs, until sessions end (in any worker).
    stop_watching(listening);
    if (!timer_.is_set()) context_.wheel.set(timer_, context_.current_tick() + kPause);
    return false;
  }
  Accepted accepted = accept_client(listening.socket->get());
  if (!accepted.client) {
    accept_failed(listening, accepted.error);
    return false;
  }
  backoff_.recovered();
  listening.backoff.recovered();
  // A close without a reset would look like an empty answer to the client (T3).
  const auto short_of_memory = [&] {
    net::reset_and_close(accepted.client);
    pause(state, ENOMEM);
    return false;
  };
  Admitted admitted(state, accepted.address);
  // A client that may send a PROXY header is accepted first, and admitted after its header.
  if (welcome(*state.forwarding, accepted.address) != Welcome::listen) {
    Admission admission = Admission::granted;
    if (!enough_memory_for([&] { admission = admit(context_.shared, state, accepted.address, context_.now); }))
      return short_of_memory();
    count(host_.counters, state, admission);
    if (admission != Admission::granted) {
      net::reset_and_close(accepted.client);
      return true;
    }
    admitted.hold();
  }
  if (!host_.begin(state, accepted.client, accepted.address)) return short_of_memory();
  admitted.keep();
  place.keep();
  return true;
}

void Acceptor::accept_failed(ListeningSocket& listening, int error) {
  listening.batch = 1;
  if (listening.leaving && !is_shortage(error)) {
    close(listening);
  } else if (error == EINVAL) {
    // A UNIX socket no longer takes newcomers; the message that says so is on its way.
    stop_watching(listening);
  } else if (is_shortage(error)) {
    pause(*listening.state, error);
  } else if (error != EAGAIN) {
    rest(listening, error);
  }
}

/// A shortage affects the whole process, so all of this worker's listeners pause.
void Acceptor::pause(const ListenerState& state, int error) {
  host_.counters.add(Count::accept_pauses);
  while (!sockets_.watched().empty()) stop_watching(sockets_.watched().front());
  context_.wheel.set(timer_, context_.tick(context_.now + backoff_.next()));
  host_.report_shortage([&] {
    return "accepting pauses on " + *state.name + ": accept: " + errno_name(error) +
           "; sessions go on, new clients wait in the backlog";
  });
}

/// Pauses this listener alone: the error affects no other (EPERM: a security module forbids it to accept).
void Acceptor::rest(ListeningSocket& listening, int error) {
  host_.counters.add(Count::accept_pauses);
  stop_watching(listening);
  listening.rests_until = context_.now + listening.backoff.next();
  try_again_at(listening.rests_until);
  context_.shared.warn_limited(context_.shared.accept_errors, context_.now, [&] {
    return "accepting pauses on " + *listening.state->name + " at " + *listening.state->listen +
           ": accept: " + errno_name(error) + "; other listeners go on";
  });
}

/// Sets the timer for `at`, unless it is due earlier already.
void Acceptor::try_again_at(TimePoint at) {
  const std::uint64_t due = context_.tick(at);
  if (!timer_.is_set() || timer_.due > due) context_.wheel.set(timer_, due);
}

void Acceptor::resume() {
  if (context_.drain_at) return;
  for (auto next = sockets_.unwatched().begin(); next != sockets_.unwatched().end();) {
    ListeningSocket& each = *next++;
    if (each.rests_until > context_.now) {
      try_again_at(each.rests_until);
      continue;
    }
    // EPOLLEXCLUSIVE: a socket from systemd is in every worker's loop, and one client should wake only one worker.
    const int error =
        context_.epoll.add(each.socket->get(), EPOLLIN | EPOLLEXCLUSIVE, Tag::of(&each, TagKind::listener));
    if (error == 0) {
      sockets_.set_watched(each, true);
    } else {
      context_.wheel.set(timer_, context_.tick(context_.now + backoff_.next()));
    }
  }
  look_at_leaving();
}

/// Checks leaving sockets until their queues are empty, because no event reports that. It checks a few at a time: a
/// reload may remove thousands of sockets while sessions wait for their turn (T12).
void Acceptor::look_at_leaving() {
  const std::size_t most = std::min(sockets_.leaving(), kLookedAtInARound);
  const std::uint64_t pause = sockets_.leaving() > most ? 1 : kPause;
  for (std::size_t looked = 0; looked < most; ++looked) {
    ListeningSocket& each = sockets_.next_leaving();
    somebody_waits(each.socket->get()) ? on_event(each) : close(each);
  }
  if (sockets_.leaving() != 0 && !timer_.is_set()) context_.wheel.set(timer_, context_.current_tick() + pause);
}

/// Removes the socket from epoll explicitly: a descriptor that other workers also hold would stay in this loop after
/// its close.
void Acceptor::stop_watching(ListeningSocket& listening) {
  if (listening.watched) context_.epoll.remove(listening.socket->get());
  sockets_.set_watched(listening, false);
}

void Acceptor::close(ListeningSocket& listening) {
  stop_watching(listening);
  sockets_.close(listening);
}

void Acceptor::stop() {
  context_.wheel.cancel(timer_);
  while (!sockets_.watched().empty()) stop_watching(sockets_.watched().front());
  sockets_.close_all();
}

void Acceptor::serve(std::vector<Listening> listenings) {
  sockets_.serve(std::move(listenings));
  // A pause for a shortage continues; its timer handles the new sockets too.
  if (!backoff_.pausing() || !timer_.is_set()) resume();
}

}  // namespace lastbyte::relay
