// The settings of look-ups. A forwarding has them for the host of its own endpoint, a group for those of its members.
// Private to this folder.
#pragma once

#include <vector>

#include "config/settings/table.h"
#include "config/values/names.h"
#include "config/values/numbers.h"

namespace lastbyte::config {

/// Adds the settings under `heading`. `get` returns the upstream::Names of an Owner; `each(row)` is called with each
/// row.
template <typename Owner, typename Get, typename Each>
void add_lookups(Table& table, Heading heading, Get /*get*/, Each each) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  using upstream::Family;
  using upstream::Names;
  using upstream::Resolver;
  using upstream::Stale;
  using upstream::UnknownNames;
  const auto add = [&]<typename Member>(std::string_view key, const auto& codec, Member,
                                        std::string_view meaning) -> Setting& {
    Setting& row =
        table.add<Owner>(heading, key, codec, [](auto& owner) -> auto& { return Member()(Get()(owner)); }, meaning);
    each(row);
    return row;
  };
  const auto only_with = [&](Setting& row, Resolver resolver) {
    needs<Owner>(row, "names.resolver", [=](const Owner& owner) { return Get()(owner).resolver == resolver; });
  };
  const Codec<Duration> span = duration_codec(seconds(1), kLongest);
  Setting& resolver = add(
      "names.resolver", choice_codec<Resolver>("system|dns", {{"system", Resolver::system}, {"dns", Resolver::dns}}),
      [](auto& n) -> auto& { return n.resolver; },
      "How lastbyte looks up host names: system asks the system's resolver (files, DNS and more, as "
      "nsswitch.conf(5) says), dns asks DNS servers and goes by the TTL of their answers.");
  if (!resolver.flag.empty()) resolver.flag = "resolver";
  add(
      "names.family",
      choice_codec<Family>("any|prefer-ipv4|prefer-ipv6|ipv4|ipv6", {{"any", Family::any},
                                                                     {"prefer-ipv4", Family::prefer_v4},
                                                                     {"prefer-ipv6", Family::prefer_v6},
                                                                     {"ipv4", Family::only_v4},
                                                                     {"ipv6", Family::only_v6}}),
      [](auto& n) -> auto& { return n.family; },
      "Addresses that lastbyte uses of a name: any keeps the resolver's order, prefer-ipv4 and prefer-ipv6 put one "
      "family first, ipv4 and ipv6 use one family only. lastbyte interleaves the families in all cases.");
  only_with(add(
                "names.refresh", span, [](auto& n) -> auto& { return n.refresh; },
                "Time between two look-ups of a name by the system's resolver."),
            Resolver::system);
  only_with(add(
                "names.ttl-min", span, [](auto& n) -> auto& { return n.ttl_min; },
                "Least time between two look-ups of a name, even if the TTL is shorter."),
            Resolver::dns);
  only_with(add(
                "names.ttl-max", span, [](auto& n) -> auto& { return n.ttl_max; },
                "Longest time between two look-ups of a name, even if the TTL is longer."),
            Resolver::dns);
  add(
      "names.timeout", duration_codec(milliseconds(100), hours(1)), [](auto& n) -> auto& { return n.timeout; },
      "Time limit for one look-up.");
  Setting& servers = table.add_list<Owner, std::vector<net::Address>>(
      heading, "names.servers", server_codec(), [](auto& owner) -> auto& { return Get()(owner).servers; },
      "DNS servers to ask, in this order, with port 53 unless an address names another. none asks those of "
      "resolv.conf(5).");
  each(servers);
  only_with(servers, Resolver::dns);
  add(
      "names.stale",
      choice_codec<Stale>("keep|expire|fail",
                          {{"keep", Stale::keep}, {"expire", Stale::expire}, {"fail", Stale::fail}}),
      [](auto& n) -> auto& { return n.stale; },
      "Addresses of a name whose look-up fails: keep uses the last ones without a limit, expire uses them for "
      "names.stale-age, fail uses none.");
  needs<Owner>(add(
                   "names.stale-age", span, [](auto& n) -> auto& { return n.stale_age; },
                   "How long expire uses the last addresses of a name whose look-up fails."),
               "names.stale", [](const Owner& owner) { return Get()(owner).stale == Stale::expire; });
  Setting& unknown = add(
      "names.unknown",
      choice_codec<UnknownNames>("fail|wait", {{"fail", UnknownNames::fail}, {"wait", UnknownNames::wait}}),
      [](auto& n) -> auto& { return n.unknown; },
      "What a start or a reload does about a name that has no address: fail reports all such names and changes "
      "nothing, wait goes on, and sessions find no address there until the name has one.");
  if (!unknown.flag.empty()) unknown.flag = "unknown-names";
  add(
      "names.drain-age", duration_codec(milliseconds(0), kLongest), [](auto& n) -> auto& { return n.drain_age; },
      "Time limit for sessions to an address that a name no longer has. New sessions do not use such an address.");
}

}  // namespace lastbyte::config
