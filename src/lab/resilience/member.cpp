#include "lab/resilience/member.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "lab/resilience/exchange.h"
#include "net/namespace/enter.h"
#include "net/socket/calls.h"
#include "net/socket/deaf.h"
#include "process/eventually.h"
#include "process/proc.h"
#include "process/spawn.h"

namespace lastbyte::lab::resilience {
namespace {

constexpr int kBacklog = 128;

/// Reads exactly `bytes` bytes. Returns false if they did not come: a connection of a health check sends none.
bool read_exactly(const Descriptor& socket, char* to, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const ssize_t got = ::recv(socket.get(), to + done, bytes - done, 0);
    if (got < 0 && errno == EINTR) continue;  // with SO_RCVTIMEO, another thread's signal can cause EINTR too
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

void read_to_the_end(const Descriptor& socket) {
  std::array<char, 4096> rest{};
  while (read_exactly(socket, rest.data(), 1)) {
  }
}

void send_all(const Descriptor& socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// A reset cannot drop bytes that the peer's kernel has acknowledged.
void wait_acknowledged(const Descriptor& socket) {
  process::eventually([&] { return net::unacknowledged(socket.get()) == 0; }, kPatience, Duration(1));
}

void wait_unread(const Descriptor& socket) {
  pollfd waited{socket.get(), POLLIN, 0};
  ::poll(&waited, 1, static_cast<int>(kPatience.count()));
}

}  // namespace

Result<std::unique_ptr<Member>> Member::start(int network, const net::Address& host, LastHit& last_hit, bool restarts) {
  std::unique_ptr<Member> member(new Member(network, last_hit, restarts));
  // A port outside the range from which the kernel chooses: otherwise a connection to it, while nobody listens, could
  // reach itself.
  member->address_ = host;
  member->address_.set_port(process::unused_port());
  if (auto back = member->come_back(); !back) return Failure(back.error());
  return member;
}

Member::~Member() { leave(); }

Result<void> Member::listen() {
  Result<void> outcome;
  const auto entered = net::run_inside(network_, [&] {
    listening_ = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(listening_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(listening_.get(), address_.data(), address_.size()) != 0 || ::listen(listening_.get(), kBacklog) != 0)
      outcome = failure_from_errno("listen on " + address_.text());
  });
  return entered ? outcome : entered;
}

void Member::leave() {
  if (!thread_.joinable()) return;
  stop_->raise();
  thread_.join();
  const process::NoCopies close_closes;
  stalled_.clear();
  listening_ = Descriptor();
}

Result<void> Member::come_back() {
  // The member still listens: nobody called leave(), or the restart did not happen. A restart closes the socket itself.
  if (thread_.joinable() && !restarting_) return {};
  leave();
  restarting_ = false;
  if (auto listens = listen(); !listens) return listens;
  stop_ = std::make_unique<loop::Wakeup>();
  thread_ = std::thread([this] { serve(); });
  return {};
}

void Member::vanish(bool gone) {
  const std::lock_guard lock(closing_);
  if (listening_) net::set_deaf(listening_.get(), gone);
}

void Member::serve() {
  while (!restarting_) {
    std::array<pollfd, 2> both{{{listening_.get(), POLLIN, 0}, {stop_->fd(), POLLIN, 0}}};
    ::poll(both.data(), both.size(), -1);
    if (both[1].revents != 0) return;
    Descriptor client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    drop_deserted();
    if (client) serve_one(std::move(client));
  }
}

bool Member::hits(std::uint64_t number) {
  std::uint64_t last = last_hit_;
  while (number > last)
    if (last_hit_.compare_exchange_weak(last, number)) return true;
  return false;
}

void Member::drop_deserted() {
  std::erase_if(stalled_, [](const Descriptor& each) {
    pollfd looked{each.get(), POLLRDHUP, 0};
    return ::poll(&looked, 1, 0) == 1;
  });
}

void Member::serve_one(Descriptor client) {
  answer(client);
  const process::NoCopies close_closes;
  if (restarting_) {
    const std::lock_guard lock(closing_);
    listening_ = Descriptor();
  }
  if (resets_) net::reset_and_close(client);
  resets_ = false;
  client.close();
}

void Member::answer(Descriptor& client) {
  const timeval patience{.tv_sec = kPatience.count() / 1000, .tv_usec = 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::array<char, kHead> bytes{};
  if (!read_exactly(client, bytes.data(), bytes.size())) return;
  const auto head = decode(bytes);
  std::array<char, kRequest - kHead> body{};
  if (!head || !read_exactly(client, body.data(), body.size())) return;
  const bool first = hits(head->number);
  const Fault fault = first ? head->fault : Fault::none;
  const std::string whole = answer_to(head->number);
  switch (fault) {
    case Fault::restart:
      if (!restarts_) break;
      resets_ = restarting_ = true;
      return;
    case Fault::reset_before: resets_ = true; return;
    case Fault::reset_within:
      send_all(client, std::string_view(whole).substr(0, kAnswer / 2));
      wait_acknowledged(client);
      resets_ = true;
      return;
    case Fault::stalled: stalled_.push_back(std::move(client)); return;
    case Fault::early_answer:
      send_all(client, whole);
      wait_acknowledged(client);
      wait_unread(client);
      return;  // close() with unread input resets
    case Fault::half_close: read_to_the_end(client); break;
    case Fault::none:
    case Fault::refused:
    case Fault::vanished: break;
  }
  send_all(client, whole);
  ::shutdown(client.get(), SHUT_WR);
  read_to_the_end(client);
}

}  // namespace lastbyte::lab::resilience
