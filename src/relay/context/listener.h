// One worker's state of a forwarding, and accepting clients from its listening sockets.
#pragma once

#include <array>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/time.h"
#include "net/address/address.h"
#include "net/namespace/thread.h"
#include "net/unix/root_thread.h"
#include "relay/context/shared.h"
#include "relay/group/by_family.h"
#include "relay/group/view.h"
#include "relay/terms/figures.h"
#include "relay/terms/forwarding.h"
#include "upstream/balance.h"

namespace lastbyte::relay {

/// The state that sessions of one port of a forwarding refer to. The sessions and the port's sockets own it together,
/// all on one thread. After a reload the sockets get a new state, and the sessions keep the one that they began with.
struct ListenerState : boost::intrusive_ref_counter<ListenerState, boost::thread_unsafe_counter> {
  std::shared_ptr<const Forwarding> forwarding;
  std::shared_ptr<const std::string> name;
  std::shared_ptr<const std::string> listen;     ///< address and port, as records show them
  std::vector<net::Address> upstream_addresses;  ///< empty if there is a group
  /// The newest view of its group; null: it has none. Sessions keep the view that they began with.
  GroupViewPtr group;
  upstream::Balance balance;  ///< chooses among the group's members
  /// The same addresses by family, if a transparent source ties the upstream's family to the client's; otherwise empty.
  ByFamily<net::Address> upstream_by_family;
  ByFamily<net::Source> sources;                          ///< to connect from
  std::shared_ptr<net::NamespaceThread> upstream_inside;  ///< null: reached from our own namespace
  std::shared_ptr<net::RootThread> upstream_root;         ///< null: the upstream's path is in our own root
  std::shared_ptr<ForwardingCounts> counts;
  std::shared_ptr<ForwardingFigures> all_figures;  ///< of all workers; owns `figures`
  Figures* figures = nullptr;                      ///< of this worker, the only one that writes them
  bool counts_clients = false;                     ///< its sessions count in counts->clients
  std::uint64_t sources_taken = 0;                 ///< how many source addresses sessions have taken, in this worker
  bool may_meet_itself = false;                    ///< net::may_meet_itself()

  /// The addresses that a session for `client` may connect to.
  [[nodiscard]] const std::vector<net::Address>& upstream_for(const net::Address& client) const;
  // `member`: the member's own connect options; null: it has none.
  /// The number of sources from which a session may connect to `to`; 0: none has that family.
  [[nodiscard]] std::size_t source_count(const net::Address& to, const MemberConnect* member = nullptr) const;
  /// One of these sources; none(): the kernel chooses. Precondition: index < source_count(to).
  [[nodiscard]] net::Source source(std::size_t index, const net::Address& to, const net::Address& client,
                                   const MemberConnect* member = nullptr) const;
  /// The next of these sources, in turn. nullopt: no source has that family.
  std::optional<net::Source> source_for(const net::Address& to, const net::Address& client,
                                        const MemberConnect* member = nullptr);
  /// The options with which sessions connect.
  [[nodiscard]] const net::ConnectOptions& options(const MemberConnect* member) const {
    return member == nullptr ? forwarding->upstream : member->options;
  }
};

using ListenerPtr = boost::intrusive_ptr<ListenerState>;

/// An accepted client, or the reason why there is none.
struct Accepted {
  Descriptor client;
  net::Address address;
  int error = 0;  ///< errno if there is no client; EAGAIN: the queue is empty
};

/// Accepts a client without blocking (accept4(2)). Skips errors of connections that died in the queue (accept(2),
/// "Error handling").
Accepted accept_client(int listening);

/// Whether accept_client() would find a client.
bool somebody_waits(int listening);

/// Whether an accept error means that the process or the host is short of a resource, so that retrying at once would
/// spin (T12).
bool is_shortage(int error);

/// Whether an error in making the upstream socket concerns the source address alone: no interface has it, or it has no
/// port left. Another source may work, and this one may work for another forwarding.
bool is_of_the_source(int error);

/// Fills `spare` if it is empty. Returns the errno; 0 on success.
int keep_spare(Descriptor& spare);

/// How long accepting pauses: 10 ms at first, doubling up to 1 s while the shortage lasts. Pure.
class AcceptBackoff {
 public:
  Duration next();
  void recovered();
  [[nodiscard]] bool pausing() const { return pause_.count() != 0; }

 private:
  Duration pause_{0};
};

}  // namespace lastbyte::relay
