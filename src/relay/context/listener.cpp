#include "relay/context/listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/memory.h"
#include "net/address/mapped.h"
#include "net/socket/calls.h"
#include "upstream/attempts.h"

namespace lastbyte::relay {
namespace {

/// accept(2): "already-pending network errors on the new socket", and connections that were reset in the queue.
bool belongs_to_connection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH: return true;
    default: return false;
  }
}

}  // namespace

const std::vector<net::Address>& ListenerState::upstream_for(const net::Address& client) const {
  const bool tied = forwarding->upstream.transparent != net::Transparent::off;
  return tied ? upstream_by_family.of(net::unmapped(client).family()) : upstream_addresses;
}

std::size_t ListenerState::source_count(const net::Address& to, const MemberConnect* member) const {
  const net::ConnectOptions& how = options(member);
  const bool given = how.transparent == net::Transparent::off && !how.sources.empty();
  return given ? (member == nullptr ? sources : member->sources).of(to.family()).size() : 1;
}

net::Source ListenerState::source(std::size_t index, const net::Address& to, const net::Address& client,
                                  const MemberConnect* member) const {
  const net::ConnectOptions& how = options(member);
  switch (how.transparent) {
    case net::Transparent::ip: return net::unmapped(client).without_port();
    case net::Transparent::ip_and_port: return net::unmapped(client);
    case net::Transparent::off: break;
  }
  if (how.sources.empty()) return {};
  return (member == nullptr ? sources : member->sources).of(to.family())[index];
}

std::optional<net::Source> ListenerState::source_for(const net::Address& to, const net::Address& client,
                                                     const MemberConnect* member) {
  const std::size_t count = source_count(to, member);
  if (count == 0) return std::nullopt;
  return source(upstream::source_for(sources_taken++, static_cast<std::uint32_t>(count)), to, client, member);
}

Accepted accept_client(int listening) {
  for (;;) {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const int fd = accept4(listening, reinterpret_cast<sockaddr*>(&from), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Accepted accepted{Descriptor(fd), net::Address(), 0};
      // The name of a UNIX socket allocates memory.
      const auto take_address = [&] {
        accepted.address = net::Address::from_kernel(reinterpret_cast<const sockaddr*>(&from), length);
      };
      if (enough_memory_for(take_address)) return accepted;
      net::reset_and_close(accepted.client);
      return {Descriptor(), net::Address(), ENOMEM};
    }
    if (!belongs_to_connection(errno)) return {Descriptor(), net::Address(), errno};
  }
}

bool somebody_waits(int listening) {
  pollfd wanted{.fd = listening, .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, 0) > 0;
}

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS || error == ENOSPC;
}

bool is_of_the_source(int error) { return error == EADDRNOTAVAIL || error == EADDRINUSE; }

int keep_spare(Descriptor& spare) {
  if (!spare) spare = Descriptor(::eventfd(0, EFD_CLOEXEC));
  return spare ? 0 : errno;
}

Duration AcceptBackoff::next() {
  constexpr Duration kFirst{10};
  constexpr Duration kLongest{1000};
  pause_ = pause_.count() == 0 ? kFirst : std::min(pause_ * 2, kLongest);
  return pause_;
}

void AcceptBackoff::recovered() { pause_ = Duration{0}; }

}  // namespace lastbyte::relay
