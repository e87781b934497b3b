// A group as one worker's listeners see it: a snapshot, and the options to connect to each member. For one thread only.
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

/// How sessions connect to a member whose options differ from the forwarding's.
struct MemberConnect {
  net::ConnectOptions options;
  ByFamily<net::Source> sources;
};

/// Immutable. Sessions keep the view that they began with; the next snapshot makes a new view.
struct GroupView : boost::intrusive_ref_counter<GroupView, boost::thread_unsafe_counter> {
  std::shared_ptr<const upstream::Snapshot> snapshot;
  std::size_t port = 0;  ///< index into a member's ports; a member with a single port is reached at that one
  std::vector<std::unique_ptr<const MemberConnect>> connects;  ///< for each member; null: as the forwarding

  /// The addresses at which this listener's sessions reach a member; may be empty.
  [[nodiscard]] const std::vector<net::Address>& addresses(std::size_t member) const;
};
using GroupViewPtr = boost::intrusive_ptr<const GroupView>;

/// `port`: index of the listening port among those of the forwarding.
GroupViewPtr make_view(std::shared_ptr<const upstream::Snapshot> snapshot, std::size_t port,
                       const net::ConnectOptions& forwarding);

/// The options of a forwarding, overridden by those of a member.
net::ConnectOptions merged(const net::ConnectOptions& forwarding, const upstream::MemberOptions& member);

}  // namespace lastbyte::relay
