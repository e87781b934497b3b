// A group as the listeners of one worker have it: its newest snapshot, and what connects to each of its members. One
// thread's own.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "net/socket/options.h"
#include "relay/group/by_family.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::relay {

/// How a session connects to one member, where that is not as its forwarding says.
struct MemberConnect {
  net::ConnectOptions options;
  ByFamily<net::Source> sources;
};

/// Immutable. Sessions keep the one that they began with; the next snapshot makes another one.
struct GroupView : boost::intrusive_ref_counter<GroupView, boost::thread_unsafe_counter> {
  std::shared_ptr<const upstream::Snapshot> snapshot;
  std::size_t port = 0;  ///< which of the ports of a member; one with a single port is reached at that
  std::vector<std::unique_ptr<const MemberConnect>> connects;  ///< of each member; null: as the forwarding says

  /// The addresses of a member that sessions of this listener connect to; may be empty.
  [[nodiscard]] const std::vector<net::Address>& addresses(std::size_t member) const;
};
using GroupViewPtr = boost::intrusive_ptr<const GroupView>;

/// `port`: the number of the listening port among those of the forwarding.
GroupViewPtr make_view(std::shared_ptr<const upstream::Snapshot> snapshot, std::size_t port,
                       const net::ConnectOptions& forwarding);

/// The options of a forwarding, with those of a member over them.
net::ConnectOptions merged(const net::ConnectOptions& forwarding, const upstream::MemberOptions& member);

}  // namespace lastbyte::relay
