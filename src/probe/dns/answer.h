// The result of a name's look-up, from the messages that answered its questions. Pure.
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

/// A name and how to look it up. Equal names share their look-ups.
struct Name {
  std::string host;
  bool srv = false;
  upstream::Resolver resolver = upstream::Resolver::system;
  upstream::Family family = upstream::Family::any;
  Duration timeout{0};
  std::vector<net::Address> servers = {};

  friend bool operator==(const Name&, const Name&) = default;
};

/// The target of an SRV record. The addresses have its port.
struct Service {
  Target target;
  std::vector<net::Address> addresses;
  bool failed = false;  ///< its own look-up got no answer: the known addresses stay valid

  friend bool operator==(const Service&, const Service&) = default;
};

/// At least one address or service.
struct Found {
  std::vector<net::Address> addresses = {};  ///< of a name without SRV; port 0
  std::vector<Service> services = {};        ///< of an SRV name; at least one has an address
  std::optional<Duration> ttl = {};          ///< nullopt: the resolver reports none
  /// AF_INET or AF_INET6: the look-up of this family failed while the other one succeeded. The known addresses of the
  /// family stay valid.
  std::optional<int> failed_family = {};
};

struct NotFound {
  std::string error;
  bool definite = false;  ///< true: the name has no address; false: that is unknown
  std::optional<Duration> ttl = {};
};

using Answer = std::variant<Found, NotFound>;

/// Returns the families to ask for, the preferred one first.
std::vector<RecordType> questions(upstream::Family family);

/// Combines the messages, one for each of questions(), into an answer. If no family is preferred, addresses without a
/// route come last, as `reachable` reports.
Answer combine(const std::vector<Message>& messages, upstream::Family family,
               const std::function<bool(const net::Address&)>& reachable);

/// Returns for example "the name does not exist" or "the name has no SRV record"; `what`: "SRV record".
NotFound not_found(const Negative& negative, std::string_view what);

/// Returns the members that replace an SRV member: one for each target, with its endpoint and weight. A target is a
/// backup if others have a better priority.
std::vector<upstream::Member> members_of(const upstream::Member& srv, const std::vector<Service>& services);

}  // namespace lastbyte::probe::dns
