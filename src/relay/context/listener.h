// One forwarding as one worker has it: its listening sockets, and accepting from them within the limits.
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

/// What the sessions that came in by one port of a forwarding refer to. Each of them and the port's sockets own it
/// together, all on one thread: after a reload the sockets have another one, and the sessions end with what they began
/// with.
struct ListenerState : boost::intrusive_ref_counter<ListenerState, boost::thread_unsafe_counter> {
  std::shared_ptr<const Forwarding> forwarding;
  std::shared_ptr<const std::string> name;
  std::shared_ptr<const std::string> listen;     ///< address and port, as records show them
  std::vector<net::Address> upstream_addresses;  ///< empty where there is a group
  /// The newest look of its group; null: it has none. Sessions keep the one that they began with.
  GroupViewPtr group;
  upstream::Balance balance;  ///< whose turn it is among its members
  /// The same addresses by family, where a transparent source ties an upstream to its client's; otherwise empty.
  ByFamily<net::Address> upstream_by_family;
  ByFamily<net::Source> sources;                          ///< to connect from
  std::shared_ptr<net::NamespaceThread> upstream_inside;  ///< null: the upstream is reached from where we are
  std::shared_ptr<net::RootThread> upstream_root;         ///< null: the upstream's path is in our own root
  std::shared_ptr<ForwardingCounts> counts;
  std::shared_ptr<ForwardingFigures> all_figures;  ///< of all workers; keeps `figures`
  Figures* figures = nullptr;                      ///< of this worker, which alone writes them
  bool counts_clients = false;                     ///< its sessions are in counts->clients, too
  std::uint64_t sources_taken = 0;                 ///< how many sessions have taken a source address, here
  bool may_meet_itself = false;                    ///< net::may_meet_itself()

  /// Where a session for `client` may connect to.
  [[nodiscard]] const std::vector<net::Address>& upstream_for(const net::Address& client) const;
  // `member`: what a member of the group has of its own; null: nothing.
  /// How many sources a session may connect to `to` from; 0: none is of that family.
  [[nodiscard]] std::size_t source_count(const net::Address& to, const MemberConnect* member = nullptr) const;
  /// One of these; none(): the kernel's choice. Precondition: index < source_count(to).
  [[nodiscard]] net::Source source(std::size_t index, const net::Address& to, const net::Address& client,
                                   const MemberConnect* member = nullptr) const;
  /// The next of these in turn. nullopt: no source is of that family.
  std::optional<net::Source> source_for(const net::Address& to, const net::Address& client,
                                        const MemberConnect* member = nullptr);
  /// How sessions connect.
  [[nodiscard]] const net::ConnectOptions& options(const MemberConnect* member) const {
    return member == nullptr ? forwarding->upstream : member->options;
  }
};

using ListenerPtr = boost::intrusive_ptr<ListenerState>;

/// A client that came, or why none did.
struct Accepted {
  Descriptor client;
  net::Address address;
  int error = 0;  ///< errno if there is no client; EAGAIN: the queue is empty
};

/// accept4(2), non-blocking. Errors that belong to the one connection that died in the queue (accept(2), "Error
/// handling") are passed over.
Accepted accept_client(int listening);

/// Whether accept_client() would find anybody.
bool somebody_waits(int listening);

/// Whether an accept error means that the process or the host is short of something, so that trying again at once
/// would spin (T12).
bool is_shortage(int error);

/// Whether an error in making the socket towards an upstream is about the source address alone: no interface has it, or
/// it has no port left. Another source may do, and so may this one for another forwarding.
bool is_of_the_source(int error);

/// Holds a descriptor where none is held. Returns the errno, 0 on success.
int keep_spare(Descriptor& spare);

/// How long accepting pauses: 10 ms, doubling up to 1 s while the shortage lasts. Pure.
class AcceptBackoff {
 public:
  Duration next();
  void recovered();
  [[nodiscard]] bool pausing() const { return pause_.count() != 0; }

 private:
  Duration pause_{0};
};

}  // namespace lastbyte::relay
