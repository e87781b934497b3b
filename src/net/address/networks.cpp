#include "net/address/networks.h"

#include <algorithm>
#include <utility>

#include "net/address/mapped.h"

namespace lastbyte::net {

namespace {

/// An address range of one family.
struct Range {
  IpBytes first;
  IpBytes last;
};

/// Returns sorted, disjoint ranges. Two networks are either disjoint, or one contains the other and covers it.
std::vector<Range> ranges_of(const std::vector<Cidr>& networks, int family) {
  std::vector<Range> all;
  for (const Cidr& network : networks)
    if (network.family() == family) all.push_back({network.first(), network.last()});
  std::ranges::sort(all, [](const Range& a, const Range& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;  // for equal beginnings, the widest first
  });
  std::vector<Range> disjoint;
  for (const Range& range : all)
    if (disjoint.empty() || range.first > disjoint.back().last) disjoint.push_back(range);
  disjoint.shrink_to_fit();
  return disjoint;
}

bool holds(const std::vector<Range>& ranges, const IpBytes& ip) {
  const auto after = std::ranges::upper_bound(ranges, ip, {}, &Range::first);
  return after != ranges.begin() && ip <= std::prev(after)->last;
}

}  // namespace

struct Networks::Lists {
  std::vector<Cidr> as_given;
  std::vector<Range> v4;
  std::vector<Range> v6;
};

Networks::Networks(std::vector<Cidr> networks) {
  if (networks.empty()) return;
  auto v4 = ranges_of(networks, AF_INET);
  auto v6 = ranges_of(networks, AF_INET6);
  lists_ = std::make_shared<const Lists>(Lists{std::move(networks), std::move(v4), std::move(v6)});
}

const std::vector<Cidr>& Networks::listed() const {
  static const std::vector<Cidr> kNone;
  return lists_ ? lists_->as_given : kNone;
}

bool Networks::contains(const Address& address) const {
  if (!lists_) return false;
  const Address plain = unmapped(address);
  if (plain.family() == AF_INET) return holds(lists_->v4, ip_bytes(plain));
  return plain.family() == AF_INET6 && holds(lists_->v6, ip_bytes(plain));
}

}  // namespace lastbyte::net
