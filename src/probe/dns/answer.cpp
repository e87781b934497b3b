#include "probe/dns/answer.h"

#include <sys/socket.h>

#include <algorithm>
#include <functional>

#include "base/overloaded.h"

namespace lastbyte::probe::dns {
namespace {

using upstream::Family;

constexpr std::uint32_t kMostWeight = 256;

int family_of(RecordType type) { return type == RecordType::aaaa ? AF_INET6 : AF_INET; }

template <typename Time>
void shorten(std::optional<Duration>& ttl, const Time& by) {
  ttl = std::min(ttl.value_or(std::chrono::duration_cast<Duration>(by)), std::chrono::duration_cast<Duration>(by));
}

}  // namespace

std::vector<RecordType> questions(Family family) {
  switch (family) {
    case Family::any:
    case Family::prefer_v6: return {RecordType::aaaa, RecordType::a};
    case Family::prefer_v4: return {RecordType::a, RecordType::aaaa};
    case Family::only_v4: return {RecordType::a};
    case Family::only_v6: return {RecordType::aaaa};
  }
  return {};
}

NotFound not_found(const Negative& negative, std::string_view what) {
  NotFound out{negative.name_exists ? "the name has no " + std::string(what) : "the name does not exist", true, {}};
  if (negative.ttl) out.ttl = *negative.ttl;
  return out;
}

Answer combine(const std::vector<Message>& messages, Family family,
               const std::function<bool(const net::Address&)>& reachable) {
  const std::vector<RecordType> asked = questions(family);
  Found found;
  std::optional<NotFound> none;
  std::optional<NotFound> failed;
  for (std::size_t index = 0; index < messages.size(); ++index) {
    std::visit(Overloaded{[&](const Records& records) {
                            found.addresses.insert(found.addresses.end(), records.addresses.begin(),
                                                   records.addresses.end());
                            shorten(found.ttl, records.ttl);
                          },
                          [&](const Negative& negative) {
                            if (negative.ttl) shorten(found.ttl, *negative.ttl);
                            NotFound each = not_found(negative, "address");
                            if (none && none->ttl && each.ttl) each.ttl = std::min(*none->ttl, *each.ttl);
                            none = std::move(each);
                          },
                          [&](const Broken& broken) {
                            found.failed_family = family_of(asked[index]);
                            failed = NotFound{broken.why, false, {}};
                          }},
               messages[index]);
  }
  if (found.addresses.empty()) return failed ? *failed : none.value_or(NotFound{"no answer", false, {}});
  if (family == Family::any)
    std::ranges::stable_partition(found.addresses, [&](const net::Address& address) { return reachable(address); });
  return found;
}

std::vector<upstream::Member> members_of(const upstream::Member& srv, const std::vector<Service>& services) {
  std::uint32_t best = UINT32_MAX;
  std::uint32_t heaviest = kMostWeight;
  for (const Service& each : services) {
    best = std::min<std::uint32_t>(best, each.target.priority);
    heaviest = std::max<std::uint32_t>(heaviest, each.target.weight);
  }
  std::vector<upstream::Member> members;
  for (const Service& each : services) {
    upstream::Member member = srv;
    member.srv = false;
    member.endpoint.host = each.target.host;
    member.endpoint.ports = net::Ports(each.target.port);
    // RFC 2782: a weight of 0 among others has a very small chance.
    member.weight = std::max(1U, each.target.weight * kMostWeight / heaviest);
    member.backup = srv.backup || each.target.priority > best;
    members.push_back(std::move(member));
  }
  return members;
}

}  // namespace lastbyte::probe::dns
