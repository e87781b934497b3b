// What one look-up of a name has found, from the messages that answered its questions. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "net/address/address.h"
#include "probe/dns/message.h"
#include "upstream/terms/settings.h"

namespace lastbyte::probe::dns {

/// A name and how it is looked up. Equal ones share their look-ups.
struct Name {
  std::string host;
  bool srv = false;
  upstream::Resolver resolver = upstream::Resolver::system;
  upstream::Family family = upstream::Family::any;
  Duration timeout{0};
  std::vector<net::Address> servers = {};

  friend bool operator==(const Name&, const Name&) = default;
};

/// The target of an SRV record with its addresses, which carry its port.
struct Service {
  Target target;
  std::vector<net::Address> addresses;
  bool failed = false;  ///< its own look-up had no answer: what was known of it still holds

  friend bool operator==(const Service&, const Service&) = default;
};

/// At least one address or service.
struct Found {
  std::vector<net::Address> addresses = {};  ///< of a name that is no SRV; port 0
  std::vector<Service> services = {};        ///< of an SRV name; one of them at least has an address
  std::optional<Duration> ttl = {};          ///< nullopt: the resolver tells none
  /// AF_INET or AF_INET6: its look-up failed while the other succeeded. What was known of it still holds.
  std::optional<int> failed_family = {};
};

struct NotFound {
  std::string error;
  bool definite = false;  ///< the name has no address; false: that could not be found out
  std::optional<Duration> ttl = {};
};

using Answer = std::variant<Found, NotFound>;

/// The families that are asked for, the preferred one first.
std::vector<RecordType> questions(upstream::Family family);

/// The answer from one message for each of questions(). Where no family is preferred, addresses without a route go
/// last, as `reachable` tells.
Answer combine(const std::vector<Message>& messages, upstream::Family family,
               const std::function<bool(const net::Address&)>& reachable);

/// "the name does not exist", "the name has no SRV record"; `what`: "SRV record".
NotFound not_found(const Negative& negative, std::string_view what);

/// The members that stand for the targets of an SRV member: each with its endpoint, its weight, and as a backup where
/// others have a better priority.
std::vector<upstream::Member> members_of(const upstream::Member& srv, const std::vector<Service>& services);

}  // namespace lastbyte::probe::dns
