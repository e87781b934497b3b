#include "proxy/listen/listeners.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "net/datagram/socket.h"
#include "net/socket/calls.h"
#include "net/socket/listen_options.h"
#include "net/transport/listen.h"
#include "proxy/listen/losses.h"
#include "proxy/process/privileges.h"

namespace lastbyte::proxy {
namespace {

/// "All addresses" means all that exist: a machine may have no IPv6.
bool may_be_missing(const relay::Forwarding& forwarding, const net::Address& address, const Error& error) {
  return forwarding.listen.host.empty() && address.family() == AF_INET6 && error.code == EAFNOSUPPORT;
}

bool is_absence(const Error& error) {
  return error.code == EADDRNOTAVAIL || error.code == EAFNOSUPPORT || error.code == ENODEV;
}

bool is_shortage(const Error& error) {
  return error.code == EMFILE || error.code == ENFILE || error.code == ENOMEM || error.code == ENOBUFS;
}

/// A name may have addresses that this machine does not have: IPv6 is off, and /etc/hosts has ::1 for localhost.
bool is_a_name(const net::Endpoint& listen) {
  return !listen.is_unix() && !listen.host.empty() && !net::Address::parse(listen.host, 0);
}

/// Returns the setting that caused the error of a listening socket.
std::string key_of(const relay::Forwarding& forwarding, const Error& error) {
  return error.code == ENODEV && !forwarding.client.socket.interface.empty() ? "client.interface" : "listen";
}

std::vector<Wanted> wanted_of(const std::vector<Resolved>& resolved) {
  std::vector<Wanted> wanted;
  for (const Resolved& each : resolved) {
    const bool here = each.listen_inside == nullptr && each.listen_root == nullptr;
    wanted.push_back(
        {each.forwarding->name, here ? each.listen : std::vector<net::Address>(), each.forwarding->listen.transport});
  }
  return wanted;
}

WantedPlace wanted_place(const Resolved& resolved, const net::Address& address) {
  net::ListenOptions options = resolved.forwarding->client;
  options.takes_descriptors = !resolved.forwarding->listen.is_unix() || resolved.forwarding->connect.is_unix();
  return {resolved.forwarding->name,
          resolved.port,
          resolved.forwarding->listen.transport,
          address,
          std::move(options),
          resolved.listen_inside,
          resolved.listen_root};
}

/// Binds the wanted sockets beside the existing ones. It changes existing sockets last, when nothing else can fail.
class Binding {
 public:
  Binding(unsigned workers, const Standing& standing, const std::optional<FileRights>& user, Absent absent)
      : workers_(workers), standing_(standing), user_(user), absent_(absent) {
    for (const Place* each : standing.places) by_port_.emplace(each->address.port(), each);
    for (const Place& each : standing.fading) by_port_.emplace(each.address.port(), &each);
  }

  Tried<BoundPorts> bind(Resolution resolution, const std::vector<PassedSocket>& passed);

 private:
  struct AbsentAddress {
    net::Address address;
    Trouble trouble;
  };
  struct Change {
    const Place* place;
    std::optional<net::ListenOptions> from;  ///< nullopt: an earlier process may have left any options
  };

  void claim_standing(const std::vector<Resolved>& resolved);
  Bound bind_port(Resolved& resolved, const std::vector<const PassedSocket*>& passed);
  void bind_address(Bound& bound, WantedPlace wanted, std::vector<AbsentAddress>& absent);
  void judge_absent(const Bound& bound, std::vector<AbsentAddress> absent);
  Result<void> share(Bound& bound, const PassedSocket& passed, const Resolved& resolved) const;
  void change_options(const std::vector<Bound>& all);
  Result<void> change_options(const Place& place, const std::optional<net::ListenOptions>& from) const;
  void match_sharing(const std::vector<Bound>& all) const;
  [[nodiscard]] Result<Place> make_place(WantedPlace wanted, const net::Address& address) const;
  [[nodiscard]] Result<Place> make_unix_place(WantedPlace wanted) const;

  unsigned workers_;
  const Standing& standing_;
  std::unordered_multimap<std::uint16_t, const Place*> by_port_;  ///< all existing and fading places
  const std::optional<FileRights>& user_;
  Absent absent_;
  Troubles troubles_;
  Troubles warnings_;
  /// What happens to a wanted address.
  struct Claim {
    const Place* place = nullptr;  ///< the existing place to keep; null: bind a new socket
    std::optional<Loss> after;     ///< why a place on that address cannot be kept
  };
  std::vector<Claim> claims_;  ///< for each wanted address, in the order of bind_port()
  std::size_t next_claim_ = 0;
};

void Binding::claim_standing(const std::vector<Resolved>& resolved) {
  std::vector<WantedPlace> wanted;
  std::vector<std::optional<std::string>> before;
  for (const Resolved& each : resolved) {
    const auto name = standing_.names.find(each.forwarding->name);
    for (const net::Address& address : each.listen) {
      wanted.push_back(wanted_place(each, address));
      before.push_back(name == standing_.names.end() ? std::nullopt : std::optional(name->second));
    }
  }
  Losses losses;
  std::vector<const Place*> reachable;
  std::unordered_multimap<net::Address, std::pair<const Place*, Loss>, net::AddressHash> lost;
  for (const Place* place : standing_.places) {
    const auto loss = losses.of(*place);
    loss ? static_cast<void>(lost.emplace(place->address, std::pair(place, *loss))) : reachable.push_back(place);
  }
  const auto claims = claim(reachable, wanted, before);
  for (std::size_t each = 0; each < wanted.size(); ++each) {
    Claim& made = claims_.emplace_back();
    if (claims[each] && !losses.lacks_address(wanted[each])) {
      made.place = reachable[*claims[each]];
    } else if (claims[each]) {
      made.after = Loss::address;
    } else {
      const auto [first, last] = lost.equal_range(wanted[each].address);
      for (auto at = first; at != last; ++at)
        if (overlap(*at->second.first, wanted[each])) made.after = at->second.second;
    }
  }
}

Result<void> Binding::share(Bound& bound, const PassedSocket& passed, const Resolved& resolved) const {
  Place place{wanted_place(resolved, passed.address), passed.address, {}, true};
  place.as.transport = passed.transport;
  place.as.options = net::options_for_passed(place.as.options);
  if (passed.transport == net::Transport::udp) {
    // If workers shared a UDP socket, any worker would get any client's datagrams. Only one worker uses it, because
    // sessions belong to one worker.
    place.per_worker.resize(workers_);
    place.per_worker.front() = passed.socket;
    if (auto ready = net::prepare_datagram_listener(passed.socket->get(), passed.address); !ready) return ready;
  } else {
    place.per_worker.assign(workers_, passed.socket);
  }
  bound.places.push_back(std::move(place));
  return {};
}

/// Port 0 is one port for all addresses of a forwarding: the port that the kernel chose for the first address.
net::Address with_port(net::Address address, const Bound& bound) {
  if (address.port() == 0 && !bound.places.empty()) address.set_port(bound.places.front().address.port());
  return address;
}

Result<Place> Binding::make_place(WantedPlace wanted, const net::Address& address) const {
  net::ListenOptions options = wanted.options;
  // A narrower or wider address can be bound beside one that is being left only if both share the port.
  const auto [first, last] = by_port_.equal_range(wanted.address.port());
  for (auto at = first; at != last; ++at) {
    if (!overlap(*at->second, wanted)) continue;
    for (const auto& socket : at->second->per_worker)
      if (socket) net::share_port(socket->get(), true);
    options.reuse_port = true;
  }
  Result<std::vector<Descriptor>> made;
  run_in(wanted.inside, [&] { made = net::listen_on(wanted.transport, address, options, static_cast<int>(workers_)); });
  if (!made) return Failure(made.error());
  Place place{std::move(wanted), net::local_address(made->front().get()), {}};
  for (Descriptor& socket : *made) place.per_worker.push_back(std::make_shared<const Descriptor>(std::move(socket)));
  return place;
}

Result<Place> Binding::make_unix_place(WantedPlace wanted) const {
  Result<net::UnixListener> made;
  // A path in another root cannot lead out of it, even if a process inside changes its directories.
  const auto maker = wanted.root ? std::nullopt : rights_for(wanted.address.unix_name(), user_);
  run_in(wanted.inside, [&] { made = net::listen_unix(wanted.address, wanted.options, maker, wanted.root); });
  if (!made) return Failure(with_rights_told(made.error(), maker));
  const net::Address address = wanted.address;
  Place place{std::move(wanted), address, {}};
  place.per_worker.assign(workers_, std::make_shared<const Descriptor>(std::move(made->socket)));
  if (made->file.get() >= 0) place.file = std::make_shared<net::SocketFile>(std::move(made->file));
  return place;
}

/// `absent`: collects the addresses of a name that this machine does not have.
void Binding::bind_address(Bound& bound, WantedPlace wanted, std::vector<AbsentAddress>& absent) {
  const Claim claim = claims_[next_claim_++];
  if (claim.place != nullptr) {
    Place place = *claim.place;
    place.as = std::move(wanted);
    place.after.reset();
    bound.places.push_back(std::move(place));
    return;
  }
  const net::Address address = wanted.address;
  auto made =
      address.is_unix() ? make_unix_place(std::move(wanted)) : make_place(std::move(wanted), with_port(address, bound));
  if (made) {
    made->after = claim.after;
    bound.places.push_back(std::move(*made));
    return;
  }
  const relay::Forwarding& forwarding = *bound.forwarding;
  if (may_be_missing(forwarding, address, made.error()) && !bound.places.empty()) return;
  Trouble trouble = trouble_of(forwarding, key_of(forwarding, made.error()), made.error());
  if (is_a_name(forwarding.listen) && is_absence(made.error()))
    absent.push_back({address, std::move(trouble)});
  else
    troubles_.push_back(std::move(trouble));
}

/// If the other addresses of a name must not be waited for, one address is enough.
void Binding::judge_absent(const Bound& bound, std::vector<AbsentAddress> absent) {
  for (auto& [address, trouble] : absent) {
    // EAFNOSUPPORT: IPv6 is off, and stays off.
    const bool for_good = trouble.error.code == EAFNOSUPPORT || address.is_loopback();
    const bool enough = !bound.places.empty() && (for_good || absent_ == Absent::warn);
    if (enough) trouble.error.detail += "; lastbyte listens on the other addresses of the name";
    (enough ? warnings_ : troubles_).push_back(std::move(trouble));
  }
}

/// `passed`: the sockets of this port.
Bound Binding::bind_port(Resolved& resolved, const std::vector<const PassedSocket*>& passed) {
  Bound bound{resolved.forwarding,
              {},
              std::move(resolved.upstream),
              resolved.upstream_inside,
              resolved.upstream_root,
              nullptr,
              nullptr,
              resolved.may_meet_itself,
              resolved.port,
              resolved.group};
  bool by_name = false;
  for (const PassedSocket* each : passed) {
    if (auto shared = share(bound, *each, resolved); !shared)
      troubles_.push_back(trouble_of(*bound.forwarding, "listen", shared.error()));
    by_name = by_name || each->name == bound.forwarding->name;
  }
  std::vector<AbsentAddress> absent;
  for (const net::Address& address : resolved.listen) {
    const bool covered = std::ranges::any_of(passed, [&](const PassedSocket* each) { return covers(*each, address); });
    // If a passed socket has the forwarding's name, the forwarding listens on nothing else: the socket unit decides.
    if (by_name || covered) {
      ++next_claim_;
    } else {
      bind_address(bound, wanted_place(resolved, address), absent);
    }
  }
  judge_absent(bound, std::move(absent));
  return bound;
}

Result<void> Binding::change_options(const Place& place, const std::optional<net::ListenOptions>& from) const {
  if (place.file && from)
    if (auto done = net::change_rights(*place.file, from->unix_file, place.as.options.unix_file); !done) return done;
  const Descriptor* last = nullptr;
  for (const auto& socket : place.per_worker) {
    if (!socket || socket.get() == std::exchange(last, socket.get())) continue;
    Result<void> done;
    // A buffer size that is unset returns to the default of the namespace.
    run_in(place.as.inside, [&] {
      done = net::change_listen_options(socket->get(), place.as.transport, place.address, from, place.as.options);
    });
    if (!done) return done;
  }
  return {};
}

/// Sets the new options of existing and passed sockets. If one fails, all sockets get their old options back.
void Binding::change_options(const std::vector<Bound>& all) {
  std::unordered_map<const Descriptor*, net::ListenOptions> before;
  for (const Place* each : standing_.places) before.emplace(each->per_worker.front().get(), each->as.options);
  std::vector<Change> changes;
  for (const Bound& bound : all) {
    for (const Place& place : bound.places) {
      const auto from = before.find(place.per_worker.front().get());
      const bool stands = from != before.end();
      if (stands ? from->second == place.as.options : !place.passed) continue;
      changes.push_back({&place, stands ? std::optional(from->second) : std::nullopt});
      const auto done = change_options(place, changes.back().from);
      if (done) continue;
      for (const Change& change : changes) {
        if (!change.from) continue;
        Place back = *change.place;
        const net::ListenOptions tried = std::exchange(back.as.options, *change.from);
        // It had these options before.
        (void)change_options(back, tried);
      }
      return troubles_.push_back(trouble_of(*bound.forwarding, "listen", done.error()));
    }
  }
}

/// Ends the sharing of ports with other processes where it is no longer needed: client.reuse-port was true, or a socket
/// had to be bound beside another one that is now closed.
void Binding::match_sharing(const std::vector<Bound>& all) const {
  for (const Bound& bound : all) {
    for (const Place& place : bound.places) {
      if (place.passed || place.address.is_unix()) continue;
      bool shared = workers_ > 1 || place.as.options.reuse_port;
      WantedPlace here = place.as;
      here.address = place.address;
      const auto [first, last] = by_port_.equal_range(place.address.port());
      for (auto at = first; at != last && !shared; ++at)
        shared = at->second->per_worker.front() != place.per_worker.front() && overlap(*at->second, here);
      for (const auto& socket : place.per_worker)
        if (socket && net::shares_port(socket->get()) != shared) net::share_port(socket->get(), shared);
    }
  }
}

Tried<BoundPorts> Binding::bind(Resolution resolution, const std::vector<PassedSocket>& passed) {
  std::vector<Resolved>& resolved = resolution.ports;
  troubles_ = std::move(resolution.troubles);
  const bool complete = troubles_.empty();
  const auto owners = match(passed, wanted_of(resolved));
  if (!owners) {
    // Otherwise, the socket may belong to a forwarding that could not be looked up.
    if (complete) troubles_.push_back(trouble_of_process(owners.error()));
    return tl::unexpected(std::move(troubles_));
  }
  claim_standing(resolved);
  BoundPorts all;
  for (std::size_t index = 0; index < resolved.size(); ++index) {
    std::vector<const PassedSocket*> own;
    for (std::size_t each = 0; each < passed.size(); ++each)
      if ((*owners)[each] == index) own.push_back(&passed[each]);
    all.ports.push_back(bind_port(resolved[index], own));
    // All further ports would fail, too.
    if (!troubles_.empty() && is_shortage(troubles_.back().error)) break;
  }
  if (troubles_.empty()) change_options(all.ports);
  if (!troubles_.empty()) return tl::unexpected(std::move(troubles_));
  match_sharing(all.ports);
  all.warnings = std::move(warnings_);
  return all;
}

}  // namespace

std::vector<net::Address> Bound::addresses() const {
  std::vector<net::Address> all;
  for (const Place& place : places) all.push_back(place.address);
  return all;
}

Tried<BoundPorts> bind_all(Resolution resolution, const std::vector<PassedSocket>& passed, unsigned workers,
                           const Standing& standing, const std::optional<FileRights>& user, Absent absent) {
  return Binding(workers, standing, user, absent).bind(std::move(resolution), passed);
}

std::vector<relay::Listening> listenings_for(const std::vector<Bound>& bound, unsigned index) {
  std::vector<relay::Listening> all;
  for (const Bound& each : bound) {
    relay::Listening listening{each.forwarding,
                               each.places.front().address,
                               {},
                               each.upstream,
                               each.upstream_inside,
                               each.upstream_root,
                               0,
                               each.counts,
                               each.figures,
                               each.may_meet_itself,
                               each.snapshot,
                               each.port};
    for (const Place& place : each.places) {
      if (!place.per_worker[index]) continue;
      listening.sockets.push_back(place.per_worker[index]);
      listening.borrowed += place.passed ? 1U : 0U;
    }
    if (listening.sockets.empty()) continue;
    all.push_back(std::move(listening));
  }
  return all;
}

}  // namespace lastbyte::proxy
