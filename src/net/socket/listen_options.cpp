#include "net/socket/listen_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "net/socket/buffers.h"
#include "net/socket/passing.h"

namespace lastbyte::net {
namespace {

/// Whether the socket has the value already; never, if its state is not known. `get` returns the option's value.
template <typename Get>
bool is_there(const ListenOptions* from, const ListenOptions& to, Get get) {
  return from != nullptr && get(*from) == get(to);
}

void put_nodelay(Options& set, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) {
  const auto value = [](const ListenOptions& options) { return options.socket.nodelay; };
  if (!is_there(from, to, value)) set.integer("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, value(to) ? 1 : 0);
}

void put_keepalive(Options& set, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) {
  const Keepalive& keepalive = to.socket.keepalive;
  if (keepalive.enabled) {
    set_keepalive(set, keepalive);
  } else if (from == nullptr || from->socket.keepalive.enabled) {
    set.integer("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 0);
  }
}

void put_user_timeout(Options& set, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) {
  const auto value = [](const ListenOptions& options) { return options.socket.user_timeout; };
  if (is_there(from, to, value)) return;
  set.integer("TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT,
              clamped(value(to).value_or(std::chrono::milliseconds(0))));
}

void put_send_buffer(Options& set, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) {
  if (to.socket.send_buffer) {
    set.integer("SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, *to.socket.send_buffer);
  } else {
    set.buffers_back(from != nullptr && from->socket.send_buffer, false);
  }
}

void put_receive_buffer(Options& set, const Address&, Transport transport, const ListenOptions* from,
                        const ListenOptions& to) {
  if (to.socket.receive_buffer) {
    set.integer("SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, *to.socket.receive_buffer);
    return;
  }
  set.buffers_back(false, from != nullptr && from->socket.receive_buffer);
  if (transport == Transport::udp) set.datagram_buffer();
}

void put_mark(Options& set, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) {
  const auto value = [](const ListenOptions& options) { return options.socket.mark; };
  if (!is_there(from, to, value)) set.mark(value(to).value_or(0));
}

/// Skips an unchanged interface: binding to it again needs a privilege.
void put_interface(Options& set, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) {
  const auto value = [](const ListenOptions& options) -> const std::string& { return options.socket.interface; };
  if (!is_there(from, to, value)) set.interface(value(to));
}

/// On a listening socket, listen(2) changes only the backlog (net/ipv4/af_inet.c inet_listen, net/unix/af_unix.c
/// unix_listen).
void put_backlog(Options& set, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) {
  const auto value = [](const ListenOptions& options) { return options.backlog; };
  if (!is_there(from, to, value)) set.backlog(value(to));
}

void put_defer_accept(Options& set, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) {
  const auto value = [](const ListenOptions& options) { return options.defer_accept; };
  if (is_there(from, to, value)) return;
  set.integer("TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, clamped(value(to).value_or(std::chrono::seconds(0))));
}

/// A socket from the service manager keeps its unit's queue if our settings have none.
void put_fast_open(Options& set, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) {
  const bool had = from != nullptr && from->fast_open;
  if (to.fast_open || had) set.integer("TCP_FASTOPEN", IPPROTO_TCP, TCP_FASTOPEN, to.fast_open.value_or(0));
}

void put_freebind(Options& set, const Address& address, Transport, const ListenOptions*, const ListenOptions& to) {
  if (to.freebind) set_freebind(set, address.family());
}

void put_descriptors(Options& set, const Address&, Transport, const ListenOptions* from, const ListenOptions& to) {
  const auto value = [](const ListenOptions& options) { return options.takes_descriptors; };
  if (!is_there(from, to, value)) let_descriptors_pass(set.fd(), value(to));
}

/// `Member` returns a reference to the option in any ListenOptions.
template <typename Member>
constexpr ListenOption row(ListenOption option, Member) {
  option.differs = [](const ListenOptions& a, const ListenOptions& b) { return Member()(a) != Member()(b); };
  option.copy = [](const ListenOptions& from, ListenOptions& to) { Member()(to) = Member()(from); };
  return option;
}

constexpr std::array kOptions{
    row({.setting = "client.nodelay", .on = kOnTcp, .for_passed = true, .set = put_nodelay},
        [](auto& o) -> auto& { return o.socket.nodelay; }),
    row({.setting = "client.keepalive.", .on = kOnTcp, .for_passed = true, .set = put_keepalive},
        [](auto& o) -> auto& { return o.socket.keepalive; }),
    row({.setting = "client.user-timeout", .on = kOnTcp, .set = put_user_timeout},
        [](auto& o) -> auto& { return o.socket.user_timeout; }),
    row({.setting = "client.send-buffer", .on = kOnIp, .change = Change::resize, .set = put_send_buffer},
        [](auto& o) -> auto& { return o.socket.send_buffer; }),
    row({.setting = "client.receive-buffer", .on = kOnIp, .change = Change::resize, .set = put_receive_buffer},
        [](auto& o) -> auto& { return o.socket.receive_buffer; }),
    row({.setting = "client.mark", .on = kOnIp, .set = put_mark}, [](auto& o) -> auto& { return o.socket.mark; }),
    row({.setting = "client.interface",
         .on = kOnIp,
         .change = Change::new_socket,
         .finds_address = true,
         .set = put_interface},
        [](auto& o) -> auto& { return o.socket.interface; }),
    row({.setting = "client.backlog", .on = kOnStream, .stage = Stage::listening, .set = put_backlog},
        [](auto& o) -> auto& { return o.backlog; }),
    row({.setting = "client.defer-accept", .on = kOnTcp, .for_passed = true, .set = put_defer_accept},
        [](auto& o) -> auto& { return o.defer_accept; }),
    row({.setting = "client.fast-open", .on = kOnTcp, .for_passed = true, .set = put_fast_open},
        [](auto& o) -> auto& { return o.fast_open; }),
    row({.setting = "client.freebind",
         .on = kOnIp,
         .change = Change::next_bind,
         .finds_address = true,
         .set = put_freebind},
        [](auto& o) -> auto& { return o.freebind; }),
    row({.setting = "client.reuse-port", .on = kOnIp, .stage = Stage::port},
        [](auto& o) -> auto& { return o.reuse_port; }),
    row({.setting = "client.unix-", .on = kOnUnix, .stage = Stage::file}, [](auto& o) -> auto& { return o.unix_file; }),
    row({.setting = "", .on = kOnUnix, .for_passed = true, .set = put_descriptors},
        [](auto& o) -> auto& { return o.takes_descriptors; }),
    row({.setting = "client.netns", .on = kOnIp | kOnUnix, .stage = Stage::place, .change = Change::new_place},
        [](auto& o) -> auto& { return o.netns; }),
    row({.setting = "client.root", .on = kOnUnix, .stage = Stage::place, .change = Change::new_place},
        [](auto& o) -> auto& { return o.root; }),
};

constexpr std::uint8_t bit(Transport transport) {
  switch (transport) {
    case Transport::tcp: return kOnTcp;
    case Transport::udp: return kOnUdp;
    case Transport::unix_stream: return kOnUnix;
  }
  return 0;
}

/// The options of a new socket, as the kernel makes it.
const ListenOptions& of_a_new_socket() {
  static const ListenOptions kNew = [] {
    ListenOptions options;
    options.socket.nodelay = false;
    options.socket.keepalive.enabled = false;
    return options;
  }();
  return kNew;
}

/// Applies to every TCP listener: its accepted sockets read urgent data inline (T1).
void keep_urgent_data_inline(Options& set, Transport transport) {
  if (transport == Transport::tcp) set.integer("SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 1);
}

bool can_change(const ListenOption& option, const ListenOptions& from, const ListenOptions& to) {
  switch (option.change) {
    case Change::in_place:
    case Change::next_bind:
    case Change::new_place: return true;
    case Change::new_socket: return !option.differs(from, to);
    case Change::resize: {
      const bool is_taken_back = option.differs(from, to) && !option.differs(to, of_a_new_socket());
      return !is_taken_back || can_take_buffers_back();
    }
  }
  return false;
}

template <typename Chosen>
ListenOptions only(const ListenOptions& options, Chosen chosen) {
  ListenOptions some;
  for (const ListenOption& option : kOptions)
    if (option.*chosen) option.copy(options, some);
  return some;
}

}  // namespace

std::span<const ListenOption> listen_options() { return kOptions; }

Result<void> set_listen_options(int fd, Transport transport, const Address& address, const ListenOptions& options) {
  Options set(fd, scheme_of(transport), address);
  keep_urgent_data_inline(set, transport);
  for (const ListenOption& option : kOptions)
    if ((option.on & bit(transport)) != 0 && option.stage == Stage::before_bind)
      option.set(set, address, transport, &of_a_new_socket(), options);
  return set.result();
}

Result<void> change_listen_options(int fd, Transport transport, const Address& address,
                                   const std::optional<ListenOptions>& from, const ListenOptions& to) {
  Options set(fd, scheme_of(transport), address);
  if (!from) keep_urgent_data_inline(set, transport);
  for (const ListenOption& option : kOptions) {
    const bool counts = (option.on & bit(transport)) != 0 && option.set != nullptr;
    const bool is_wanted = from ? option.change != Change::next_bind && option.differs(*from, to) : option.for_passed;
    if (counts && is_wanted) option.set(set, address, transport, from ? &*from : nullptr, to);
  }
  return set.result();
}

bool can_change(Transport transport, const ListenOptions& from, const ListenOptions& to) {
  return std::ranges::all_of(kOptions, [&](const ListenOption& option) {
    return (option.on & bit(transport)) == 0 || can_change(option, from, to);
  });
}

ListenOptions options_for_passed(const ListenOptions& options) { return only(options, &ListenOption::for_passed); }

ListenOptions options_to_find_address(const ListenOptions& options) {
  return only(options, &ListenOption::finds_address);
}

Result<void> set_options_to_find_address(int fd, Transport transport, const Address& address,
                                         const ListenOptions& options) {
  Options set(fd, scheme_of(transport), address);
  for (const ListenOption& option : kOptions)
    if ((option.on & bit(transport)) != 0 && option.finds_address)
      option.set(set, address, transport, &of_a_new_socket(), options);
  return set.result();
}

}  // namespace lastbyte::net
