// Giving up what the process no longer needs once its ports are bound.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/file_rights.h"
#include "base/result.h"
#include "config/settings/config.h"

namespace lastbyte::proxy {

/// Whom to become.
struct Identity {
  std::string user;  ///< its name, for the supplementary groups; empty: only a number is known
  uid_t uid = 0;
  gid_t gid = 0;
};

/// `user` and `group` are names or numbers; an empty `group` is the user's own. nullopt: both are empty, and the
/// user stays. Reads the user database, and so may block.
Result<std::optional<Identity>> look_up_identity(const std::string& user, const std::string& group);

/// The rights of `identity` on files. Reads the user database, and so may block.
FileRights file_rights(const Identity& identity);
/// Whose rights a root process takes to touch `path` before it becomes `user`: `user`'s, where others than root can
/// change the way there; otherwise, and for nullopt, its own.
std::optional<FileRights> rights_for(const std::string& path, const std::optional<FileRights>& user);

/// Adds to a failure what rights_for() has to do with it, for the operator.
Error with_rights_told(Error error, const std::optional<FileRights>& rights);

/// Capabilities that a session still needs after the drop, because its upstream socket is made then.
struct KeptCapabilities {
  bool net_admin = false;         ///< SO_MARK; SOCK_DESTROY
  bool net_raw = false;           ///< IP_TRANSPARENT; SO_BINDTODEVICE on kernels before 5.7
  bool net_bind_service = false;  ///< a source port below 1024
};

/// The capabilities that the forwardings need.
KeptCapabilities capabilities_needed(const std::vector<relay::Forwarding>& forwardings,
                                     const std::vector<upstream::Group>& groups = {});
/// The name of one that `needed` has and `kept` has not; empty: there is none.
std::string missing_capability(const KeptCapabilities& needed, const KeptCapabilities& kept);

/// Switches to `identity` (if any), without a way back: group, supplementary groups, user, no capabilities but `kept`;
/// then always no-new-privileges. A process that is not root can only switch to its own user. Existing threads switch
/// to `identity`, too, but capabilities and no-new-privileges belong to each thread: see below.
Result<void> drop_privileges(const std::optional<Identity>& identity, const KeptCapabilities& kept);

/// For a thread that was started before drop_privileges(), on it and afterwards: no capabilities but `kept`, and
/// no-new-privileges. Not earlier: to follow a change of user it needs what it has.
Result<void> drop_thread_privileges(const KeptCapabilities& kept);

}  // namespace lastbyte::proxy
