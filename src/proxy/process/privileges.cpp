#include "proxy/process/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <vector>

namespace lastbyte::proxy {
namespace {

constexpr std::size_t kEntryBytes = 64 * 1024;

std::optional<std::uint32_t> number(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // (uid_t)-1 means "no change" to setresuid(2).
  if (error != std::errc() || end != text.data() + text.size() || value == UINT32_MAX) return std::nullopt;
  return value;
}

Result<Identity> look_up_user(const std::string& user) {
  std::vector<char> room(kEntryBytes);
  passwd entry{};
  passwd* found = nullptr;
  const auto id = number(user);
  const int error = id ? ::getpwuid_r(*id, &entry, room.data(), room.size(), &found)
                       : ::getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found);
  if (found != nullptr) return Identity{found->pw_name, found->pw_uid, found->pw_gid};
  if (id && error == 0) return Identity{"", *id, *id};
  return failure("user '" + user + "'", error, "expected a user of this machine, or a number");
}

Result<gid_t> look_up_group(const std::string& name) {
  if (const auto id = number(name)) return *id;
  std::vector<char> room(kEntryBytes);
  group entry{};
  group* found = nullptr;
  const int error = ::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found);
  if (found != nullptr) return found->gr_gid;
  return failure("group '" + name + "'", error, "expected a group of this machine, or a number");
}

bool is_already(const Identity& identity) {
  return ::getuid() == identity.uid && ::geteuid() == identity.uid && ::getgid() == identity.gid &&
         ::getegid() == identity.gid;
}

Result<void> become(const Identity& identity) {
  const std::string who = identity.user.empty() ? std::to_string(identity.uid) : identity.user;
  const bool grouped = identity.user.empty() ? ::setgroups(1, &identity.gid) == 0
                                             : ::initgroups(identity.user.c_str(), identity.gid) == 0;
  if (!grouped) return failure_from_errno("take the groups of user " + who);
  if (::setresgid(identity.gid, identity.gid, identity.gid) != 0)
    return failure_from_errno("become group " + std::to_string(identity.gid));
  // The permitted capabilities survive the change of user. set_capabilities() then keeps the needed ones.
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return failure_from_errno("prepare to become user " + who);
  if (::setresuid(identity.uid, identity.uid, identity.uid) != 0) return failure_from_errno("become user " + who);
  return {};
}

constexpr std::uint64_t bit(unsigned capability) { return std::uint64_t{1} << capability; }

Result<std::uint64_t> permitted_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return failure_from_errno("read the capabilities");
  return sets[0].permitted | std::uint64_t{sets[1].permitted} << 32U;
}

/// Calls capset(2) without libcap: two words of 32 capabilities each.
Result<void> set_capabilities(std::uint64_t wanted) {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
    return failure_from_errno("clear the ambient capabilities");
  const auto permitted = permitted_capabilities();
  if (!permitted) return Failure(permitted.error());
  const std::uint64_t keep = *permitted & wanted;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = static_cast<std::uint32_t>(keep);
  const auto high = static_cast<std::uint32_t>(keep >> 32U);
  const std::array<__user_cap_data_struct, 2> sets{__user_cap_data_struct{low, low, 0},
                                                   __user_cap_data_struct{high, high, 0}};
  if (::syscall(SYS_capset, &header, sets.data()) != 0) return failure_from_errno("drop the capabilities");
  return {};
}

}  // namespace

KeptCapabilities capabilities_needed(const std::vector<relay::Forwarding>& forwardings,
                                     const std::vector<upstream::Group>& groups) {
  KeptCapabilities kept;
  const auto add_sources = [&](const std::vector<net::Source>& sources) {
    const auto is_low = [](const net::Source& source) { return source.is_fixed() && source.address.port() < 1024; };
    kept.net_bind_service = kept.net_bind_service || std::ranges::any_of(sources, is_low);
  };
  for (const relay::Forwarding& forwarding : forwardings) {
    const net::ConnectOptions& upstream = forwarding.upstream;
    kept.net_admin =
        kept.net_admin || upstream.socket.mark.has_value() || forwarding.time_wait == relay::TimeWait::remove;
    kept.net_raw = kept.net_raw || !upstream.socket.interface.empty() || upstream.transparent != net::Transparent::off;
    // A client's own port may be below 1024.
    kept.net_bind_service = kept.net_bind_service || upstream.transparent == net::Transparent::ip_and_port;
    add_sources(upstream.sources);
  }
  for (const upstream::Group& group : groups) {
    for (const upstream::Member& member : group.members) {
      kept.net_admin = kept.net_admin || member.options.mark.has_value();
      kept.net_raw = kept.net_raw || member.options.interface.has_value();
      add_sources(member.options.sources);
    }
  }
  return kept;
}

std::string missing_capability(const KeptCapabilities& needed, const KeptCapabilities& kept) {
  if (needed.net_admin && !kept.net_admin) return "CAP_NET_ADMIN";
  if (needed.net_raw && !kept.net_raw) return "CAP_NET_RAW";
  if (needed.net_bind_service && !kept.net_bind_service) return "CAP_NET_BIND_SERVICE";
  return {};
}

Result<std::optional<Identity>> look_up_identity(const std::string& user, const std::string& group) {
  if (user.empty() && group.empty()) return std::nullopt;
  Identity identity{"", ::getuid(), ::getgid()};
  if (!user.empty()) {
    auto found = look_up_user(user);
    if (!found) return Failure(found.error());
    identity = std::move(*found);
  }
  if (!group.empty()) {
    auto found = look_up_group(group);
    if (!found) return Failure(found.error());
    identity.gid = *found;
  }
  return identity;
}

FileRights file_rights(const Identity& identity) {
  if (identity.user.empty()) return {identity.uid, identity.gid, {identity.gid}};
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgrouplist(identity.user.c_str(), identity.gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));  // getgrouplist() has set the number of groups
    ::getgrouplist(identity.user.c_str(), identity.gid, groups.data(), &count);
  }
  groups.resize(static_cast<std::size_t>(count));
  return {identity.uid, identity.gid, std::move(groups)};
}

std::optional<FileRights> rights_for(const std::string& path, const std::optional<FileRights>& user) {
  if (!user || user->uid == 0 || only_root_can_change(path)) return std::nullopt;
  return user;
}

Error with_rights_told(Error error, const std::optional<FileRights>& rights) {
  if (!rights || error.code != EACCES) return error;
  error.detail = "tried as user " + std::to_string(rights->uid) +
                 ", because a user other than root can change a directory on the path; this user has no permission";
  return error;
}

Result<void> drop_privileges(const std::optional<Identity>& identity, const KeptCapabilities& kept) {
  if (identity && !is_already(*identity)) {
    if (::geteuid() != 0) {
      return failure("become user " + (identity->user.empty() ? std::to_string(identity->uid) : identity->user), EPERM,
                     "only root can switch users; start as root, or leave out user and group");
    }
    if (auto done = become(*identity); !done) return done;
  }
  return drop_thread_privileges(kept);
}

Result<void> drop_thread_privileges(const KeptCapabilities& kept) {
  // A process that stays root keeps its capabilities. Any other user had capabilities at most for the ports.
  if (::geteuid() != 0) {
    const std::uint64_t wanted = (kept.net_admin ? bit(CAP_NET_ADMIN) : 0U) | (kept.net_raw ? bit(CAP_NET_RAW) : 0U) |
                                 (kept.net_bind_service ? bit(CAP_NET_BIND_SERVICE) : 0U);
    if (auto done = set_capabilities(wanted); !done) return done;
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failure_from_errno("set no-new-privileges");
  return {};
}

}  // namespace lastbyte::proxy
