// The poll loop of streams: one client connection, or a listening socket and its accepted connections.
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include "sock/socket/calls.h"
#include "sock/socket/endpoints.h"
#include "sock/talk/loops.h"
#include "sock/talk/stream.h"

namespace lastbyte::sock {
namespace {

/// The pause before the next accept, after the process or the machine ran out of a resource.
constexpr Duration kAcceptPause{100};

class StreamLoop {
 public:
  explicit StreamLoop(const Run& run) : run_(run) {}

  void listen_on(Endpoint&& listening) {
    listening_ = std::move(listening);
    accept_from_ = Clock::now() + run_.options.delays.accept;
  }
  void add(Endpoint&& endpoint, const Narrator& narrator);
  /// Runs until nothing is left to do. Returns the exit status.
  int until_done();

 private:
  [[nodiscard]] bool may_accept(TimePoint now) const;
  void wait_for_events(std::vector<pollfd>& seen);
  void accept_one();
  void accept_failed(int error);
  void stop_all();
  void drop_closed();

  const Run& run_;
  Endpoint listening_;
  TimePoint accept_from_{};
  int accepted_ = 0;
  bool failed_ = false;
  std::vector<std::unique_ptr<Stream>> streams_;
};

void StreamLoop::add(Endpoint&& endpoint, const Narrator& narrator) {
  const Surroundings around{run_.options, run_.input, run_.output};
  streams_.push_back(std::make_unique<Stream>(std::move(endpoint), around, narrator, Clock::now()));
}

bool StreamLoop::may_accept(TimePoint now) const {
  return listening_.socket && now >= accept_from_ &&
         streams_.size() < static_cast<std::size_t>(run_.options.concurrent);
}

void StreamLoop::accept_failed(int error) {
  switch (error) {
    case EAGAIN:
    case EINTR:
    case ECONNABORTED: return;  // the client reset the connection before it was accepted
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: accept_from_ = Clock::now() + kAcceptPause; return;
    default: break;
  }
  fail(run_.narrator, {"accept on " + listening_.local.text(), error});
  failed_ = true;
  listening_.socket.close();
}

void StreamLoop::accept_one() {
  Endpoint endpoint;
  const auto accepted = accept_socket(listening_.socket.get(), endpoint.peer, run_.narrator);
  if (!accepted.ok()) return accept_failed(accepted.error);
  endpoint.socket = Descriptor(static_cast<int>(accepted.value));
  endpoint.local = SockAddress::local_of(endpoint.socket.get());
  ++accepted_;
  if (!run_.options.keep_open) {
    // Close the listening socket, so that later clients are refused instead of waiting.
    close_socket(listening_.socket, run_.narrator);
    listening_.path.remove();
  }
  add(std::move(endpoint), run_.options.keep_open ? run_.narrator.about_connection(accepted_) : run_.narrator);
}

void StreamLoop::wait_for_events(std::vector<pollfd>& seen) {
  const auto now = Clock::now();
  auto deadline = TimePoint::max();
  seen.clear();
  seen.push_back({run_.stop.fd(), POLLIN, 0});
  seen.push_back({may_accept(now) ? listening_.socket.get() : -1, POLLIN, 0});
  if (listening_.socket && accept_from_ > now) deadline = accept_from_;
  for (const auto& stream : streams_) {
    stream->watch(seen, now);
    deadline = std::min(deadline, stream->wake_at(now));
  }
  if (::poll(seen.data(), seen.size(), poll_timeout(deadline, now)) < 0) {
    for (auto& entry : seen) entry.revents = 0;
  }
}

void StreamLoop::stop_all() {
  run_.narrator.line("stopped");
  listening_.socket.close();
  for (const auto& stream : streams_) stream->stop(Clock::now());
}

void StreamLoop::drop_closed() {
  for (const auto& stream : streams_) failed_ = failed_ || (stream->closed() && is_failure(stream->ending()));
  std::erase_if(streams_, [](const auto& stream) { return stream->closed(); });
}

int StreamLoop::until_done() {
  std::vector<pollfd> seen;
  drop_closed();
  while (listening_.socket || !streams_.empty()) {
    wait_for_events(seen);
    if (seen[0].revents != 0) stop_all();
    const auto now = Clock::now();
    std::span<const pollfd> rest = std::span(seen).subspan(2);
    for (const auto& stream : streams_) {
      if (!stream->closed()) stream->act(rest.first<Stream::kWatched>(), now);
      rest = rest.subspan(Stream::kWatched);
    }
    if (listening_.socket && seen[1].revents != 0) accept_one();
    drop_closed();
  }
  return failed_ ? kExitFailed : kExitOk;
}

}  // namespace

int run_stream_client(const Run& run) {
  const auto peers = find_peers(run.options);
  if (!peers) return fail(run.narrator, peers.error());
  auto connected = connect_to(run.options, *peers, run.narrator, run.stop);
  if (!connected) return fail(run.narrator, connected.error());
  StreamLoop loop(run);
  loop.add(std::move(*connected), run.narrator);
  return loop.until_done();
}

int run_stream_server(const Run& run) {
  const auto addresses = find_peers(run.options);
  if (!addresses) return fail(run.narrator, addresses.error());
  auto listening = listen_at(run.options, addresses->front(), run.narrator);
  if (!listening) return fail(run.narrator, listening.error());
  StreamLoop loop(run);
  loop.listen_on(std::move(*listening));
  return loop.until_done();
}

}  // namespace lastbyte::sock
