#include "net/diag/sockets.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/descriptor.h"

namespace lastbyte::net::diag {
namespace {

/// Netlink dumps come in datagrams of at most 32 KiB (net/netlink/af_netlink.c netlink_dump).
constexpr std::size_t kLargestAnswer = std::size_t{32} * 1024;

template <typename Part>
Part part_of(std::span<const std::byte> bytes) {
  Part part{};
  std::memcpy(&part, bytes.data(), std::min(sizeof part, bytes.size()));
  return part;
}

class Netlink {
 public:
  static Result<Netlink> open() {
    Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!socket) return failure_from_errno("open a socket of sock_diag");
    return Netlink(std::move(socket));
  }

  /// Sends a request and visits each message of the answer, without headers, up to its end.
  Result<void> ask(std::span<const std::byte> request, const std::function<void(std::span<const std::byte>)>& visit) {
    if (::send(socket_.get(), request.data(), request.size(), 0) < 0) return failure_from_errno("ask sock_diag");
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), answer_->data(), answer_->size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return failure_from_errno("ask sock_diag");
      const auto end = read(std::span(*answer_).first(static_cast<std::size_t>(got)), visit);
      if (!end) continue;
      if (*end != 0) return failure("ask sock_diag", *end);
      return {};
    }
  }

 private:
  explicit Netlink(Descriptor socket) : socket_(std::move(socket)) {}

  /// Reads one datagram of the answer. nullopt: more follow; 0: it was the last; else the errno of a refusal.
  static std::optional<int> read(std::span<const std::byte> answer,
                                 const std::function<void(std::span<const std::byte>)>& visit) {
    while (answer.size() >= sizeof(nlmsghdr)) {
      const auto header = part_of<nlmsghdr>(answer);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > answer.size()) break;
      const auto payload = answer.first(header.nlmsg_len).subspan(sizeof header);
      // The end of a dump may report an error as well (net/netlink/af_netlink.c netlink_dump_done).
      if (header.nlmsg_type == NLMSG_DONE) return -part_of<int>(payload);
      if (header.nlmsg_type == NLMSG_ERROR) return -part_of<nlmsgerr>(payload).error;
      visit(payload);
      const std::size_t aligned = (header.nlmsg_len + 3U) & ~std::size_t{3};
      answer = answer.subspan(std::min(aligned, answer.size()));
    }
    return std::nullopt;
  }

  Descriptor socket_;
  std::unique_ptr<std::array<std::byte, kLargestAnswer>> answer_ =
      std::make_unique<std::array<std::byte, kLargestAnswer>>();
};

}  // namespace

Result<void> for_each_socket(const Filter& filter, const std::function<void(const Socket&)>& visit) {
  const bool none_fits = !filter.from.empty() && std::ranges::none_of(filter.from, [&](const Source& source) {
    return source.family() == filter.family;
  });
  if (none_fits) return {};
  const auto request = dump_request(filter);
  if (!request) return Failure(request.error());
  auto netlink = Netlink::open();
  if (!netlink) return Failure(netlink.error());
  return netlink->ask(*request, [&](std::span<const std::byte> payload) {
    if (const auto socket = read_socket(payload, filter.protocol, filter.with_details)) visit(*socket);
  });
}

Result<std::size_t> destroy_time_wait(const Filter& filter) {
  Filter waiting = filter;
  waiting.states = bit_of(State::time_wait);
  std::vector<Socket> found;
  if (auto told = for_each_socket(waiting, [&](const Socket& socket) { found.push_back(socket); }); !told)
    return Failure(told.error());
  if (found.empty()) return 0;
  auto netlink = Netlink::open();
  if (!netlink) return Failure(netlink.error());
  std::size_t destroyed = 0;
  for (const Socket& socket : found) {
    const auto done = netlink->ask(destroy_request(socket), [](std::span<const std::byte>) {});
    if (done) ++destroyed;
    // ENOENT and ESTALE: the socket has ended by itself.
    if (!done && done.error().code != ENOENT && done.error().code != ESTALE)
      return failure("end a socket in TIME_WAIT (SOCK_DESTROY)", done.error().code,
                     done.error().code == EPERM ? "it needs CAP_NET_ADMIN" : "");
  }
  return destroyed;
}

}  // namespace lastbyte::net::diag
