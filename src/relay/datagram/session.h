// A datagram session: a client that wrote to one of our addresses, and a connected socket of its own to the upstream.
// Datagrams have no FIN and no acknowledgement, so the session ends by silence, by an error, or because lastbyte ends
// it.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/slist.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/descriptor.h"
#include "base/time.h"
#include "net/datagram/io.h"
#include "relay/context/listener.h"
#include "relay/context/resting_sources.h"
#include "relay/datagram/deadlines.h"
#include "relay/datagram/table.h"
#include "relay/terms/record.h"

namespace lastbyte::relay {

struct DatagramGroup;
struct DatagramPort;

/// One listening UDP socket in the loop, under its current or earlier settings. It lives as long as the sessions that
/// answer through it.
struct alignas(8) DatagramSocket {
  std::shared_ptr<const Descriptor> socket;
  DatagramPort* port = nullptr;
  DatagramGroup* group = nullptr;
  std::uint32_t number = 0;  ///< unique in its worker
  bool borrowed = false;     ///< the service manager holds it too
  bool watched = false;
  /// The same socket under earlier settings, whose sessions continue; null: there are none.
  DatagramSocket* before = nullptr;
};

/// One port of a forwarding.
struct DatagramPort {
  ListenerPtr state;
  std::vector<std::unique_ptr<DatagramSocket>> sockets;
  /// Index of the upstream address that sessions try first. Moves on when an address fails before it has answered.
  std::size_t preferred = 0;
};

/// One worker's state of a forwarding.
struct DatagramGroup {
  explicit DatagramGroup(std::uint64_t seed) : table(seed) {}

  std::shared_ptr<const Forwarding> forwarding;
  std::vector<std::unique_ptr<DatagramPort>> ports;
  DatagramTable table;
  RestingSources resting;
  std::optional<DatagramStop> stop;  ///< set: it takes no more clients
  /// Set when a reload gave its sockets to another group, or took them away: it takes no more clients. Its sessions
  /// continue, but only their upstreams' datagrams keep them alive: a client that never pauses must come under the new
  /// settings in the end.
  bool superseded = false;
  std::size_t parted = 0;  ///< how many of its sessions have parted from their clients

  [[nodiscard]] bool takes_clients() const { return !stop && !superseded; }
};

/// A session's path to a member of its group.
struct DatagramWay {
  GroupViewPtr view;
  std::optional<std::uint32_t> member;                        ///< the member that counts the session
  std::vector<std::uint32_t> order;                           ///< the order in which its addresses are tried
  std::size_t next = 0;                                       ///< index into `order`
  std::vector<std::uint32_t> tried;                           ///< members tried so far
  TimePoint began{};                                          ///< when the session's current try began
  std::shared_ptr<Tries> listed = std::make_shared<Tries>();  ///< for the record
};

/// The session is found through the table, and through its epoll tag.
struct alignas(8) DatagramSession : DatagramEntry {
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  DatagramSession(const DatagramKey& key_, DatagramSocket& at_) : DatagramEntry(key_), at(at_) {}

  using Which = termination::Which;
  DatagramFlow& flow(Which source) { return flows[static_cast<std::size_t>(source)]; }

  DatagramSocket& at;
  Descriptor upstream;
  net::Address to;                   ///< address of its upstream
  std::size_t upstream_address = 0;  ///< its index, without a group
  std::unique_ptr<DatagramWay> way;  ///< null: the forwarding has no group
  std::uint64_t id = 0;
  TimePoint started;
  std::array<DatagramFlow, 2> flows;
  /// The largest segment for which the kernel may split a send to each side (UDP_SEGMENT).
  std::array<std::size_t, 2> largest_segment{};
  int error = 0;          ///< the first errno of the upstream socket (T10)
  bool answered = false;  ///< the upstream spoke last: no answer is owed
  /// When its client's datagrams began to go to another session, or nowhere. The session still receives from its
  /// upstream, and counts only towards the process's limit.
  std::optional<TimePoint> parted;
  /// When datagrams for the upstream began to fail without exception for lack of a route.
  std::optional<TimePoint> unreachable;
  bool tuned = false;  ///< the socket is ready for many datagrams
  bool ended = false;
  std::uint32_t first_slot = kNone;  ///< its datagrams in this batch: a linked list of inbox slots
  std::uint32_t last_slot = kNone;
  boost::intrusive::slist_member_hook<> among_failed;
  boost::intrusive::list_member_hook<> among_all;  ///< of the open sessions, then of those that have ended
};

// These lists need no memory of their own, because sessions also end when memory is short.
using FailedDatagramSessions =
    boost::intrusive::slist<DatagramSession,
                            boost::intrusive::member_hook<DatagramSession, boost::intrusive::slist_member_hook<>,
                                                          &DatagramSession::among_failed>>;
/// In the order in which they began.
using DatagramSessions = boost::intrusive::list<
    DatagramSession,
    boost::intrusive::member_hook<DatagramSession, boost::intrusive::list_member_hook<>, &DatagramSession::among_all>,
    boost::intrusive::constant_time_size<false>>;

}  // namespace lastbyte::relay
