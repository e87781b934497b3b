// A session of datagrams: a client that wrote to one of our addresses, and a connected socket of its own to the
// upstream. Datagrams have no FIN and no acknowledgement: it ends by silence, by an error, or because it must.
#pragma once

#include <array>
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

/// One listening UDP socket in the loop, under the settings that it has or had. Lives as long as the sessions that
/// answer through it.
struct alignas(8) DatagramSocket {
  std::shared_ptr<const Descriptor> socket;
  DatagramPort* port = nullptr;
  DatagramGroup* group = nullptr;
  std::uint32_t number = 0;  ///< unique in its worker
  bool borrowed = false;     ///< the service manager has it too
  bool watched = false;
  /// The same socket under earlier settings, whose sessions go on; null: there are none.
  DatagramSocket* before = nullptr;
};

/// One port of a forwarding.
struct DatagramPort {
  ListenerPtr state;
  std::vector<std::unique_ptr<DatagramSocket>> sockets;
  /// Which upstream address sessions begin with: the next one, once one has failed before it answered.
  std::size_t preferred = 0;
};

/// One forwarding as one worker has it.
struct DatagramGroup {
  explicit DatagramGroup(std::uint64_t seed) : table(seed) {}

  std::shared_ptr<const Forwarding> forwarding;
  std::vector<std::unique_ptr<DatagramPort>> ports;
  DatagramTable table;
  RestingSources resting;
  std::optional<DatagramStop> stop;  ///< takes no more clients
  /// Takes no more clients: a reload gave its sockets to another one, or took them away. Its sessions go on, and are
  /// kept by what their upstreams say: a client that never pauses must come under the new settings in the end.
  bool superseded = false;
  std::size_t parted = 0;  ///< how many of its sessions have

  [[nodiscard]] bool takes_clients() const { return !stop && !superseded; }
};

/// The way of a session to a member of its group.
struct DatagramWay {
  GroupViewPtr view;
  std::optional<std::uint32_t> member;                        ///< that counts the session
  std::vector<std::uint32_t> order;                           ///< of its addresses
  std::size_t next = 0;                                       ///< place in `order`
  std::vector<std::uint32_t> tried;                           ///< members
  TimePoint began{};                                          ///< of the try that the session has
  std::shared_ptr<Tries> listed = std::make_shared<Tries>();  ///< for the record
};

/// Is found by its place in the table, and by its tag in the loop.
struct alignas(8) DatagramSession : DatagramEntry {
  static constexpr std::size_t kNone = ~std::size_t{0};

  DatagramSession(const DatagramKey& key_, DatagramSocket& at_) : DatagramEntry(key_), at(at_) {}

  using Which = termination::Which;
  DatagramFlow& flow(Which source) { return flows[static_cast<std::size_t>(source)]; }

  DatagramSocket& at;
  Descriptor upstream;
  net::Address to;                   ///< of its upstream
  std::size_t upstream_address = 0;  ///< index of it, without a group
  std::unique_ptr<DatagramWay> way;  ///< null: the forwarding has no group
  std::uint64_t id = 0;
  TimePoint started;
  std::array<DatagramFlow, 2> flows;
  /// Towards each side, the largest segment that the kernel may cut datagrams to (UDP_SEGMENT).
  std::array<std::size_t, 2> largest_segment{};
  int error = 0;          ///< T10: the first errno of the upstream socket
  bool answered = false;  ///< the upstream spoke last: no answer is owed
  /// Since when its client's datagrams go to another session, or nowhere. It still hears its upstream, and counts
  /// towards the process's limit alone.
  std::optional<TimePoint> parted;
  /// Since when every datagram for the upstream has failed for want of a way there.
  std::optional<TimePoint> unreachable;
  bool tuned = false;  ///< the socket is ready for many datagrams
  bool ended = false;
  std::size_t first_slot = kNone;  ///< what came for it in this batch: slots of the inbox, linked
  std::size_t last_slot = kNone;
  boost::intrusive::slist_member_hook<> among_failed;
  boost::intrusive::slist_member_hook<> among_ended;
};

// Lists that need no memory of their own: a session ends where memory is short, too.
using FailedDatagramSessions =
    boost::intrusive::slist<DatagramSession,
                            boost::intrusive::member_hook<DatagramSession, boost::intrusive::slist_member_hook<>,
                                                          &DatagramSession::among_failed>>;
using EndedDatagramSessions =
    boost::intrusive::slist<DatagramSession,
                            boost::intrusive::member_hook<DatagramSession, boost::intrusive::slist_member_hook<>,
                                                          &DatagramSession::among_ended>>;

}  // namespace lastbyte::relay
