#include "relay/group/view.h"

#include <utility>

namespace lastbyte::relay {

const std::vector<net::Address>& GroupView::addresses(std::size_t member) const {
  return upstream::addresses_of(snapshot->members[member], port);
}

GroupViewPtr make_view(std::shared_ptr<const upstream::Snapshot> snapshot, std::size_t port,
                       const net::ConnectOptions& forwarding) {
  boost::intrusive_ptr<GroupView> view(new GroupView);
  view->port = port;
  view->connects.reserve(snapshot->members.size());
  for (const upstream::SnapshotMember& member : snapshot->members) {
    const upstream::MemberOptions& own = member.settings->options;
    if (own == upstream::MemberOptions{}) {
      view->connects.push_back(nullptr);
      continue;
    }
    auto connect = std::make_unique<MemberConnect>();
    connect->options = merged(forwarding, own);
    connect->sources = ByFamily<net::Source>(connect->options.sources);
    view->connects.push_back(std::move(connect));
  }
  view->snapshot = std::move(snapshot);
  return view;
}

net::ConnectOptions merged(const net::ConnectOptions& forwarding, const upstream::MemberOptions& member) {
  net::ConnectOptions options = forwarding;
  if (member.keepalive) options.socket.keepalive = *member.keepalive;
  if (member.user_timeout) options.socket.user_timeout = member.user_timeout;
  if (member.mark) options.socket.mark = member.mark;
  if (member.interface) options.socket.interface = *member.interface;
  if (!member.sources.empty()) options.sources = member.sources;
  return options;
}

}  // namespace lastbyte::relay
