// Drops what the process no longer needs after its ports are bound.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/file_rights.h"
#include "base/result.h"
#include "config/settings/config.h"

namespace lastbyte::proxy {

/// The user and group to become.
struct Identity {
  std::string user;  ///< the name, for the supplementary groups; empty: only the number is known
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Looks up `user` and `group`, which are names or numbers. An empty `group` is the user's own. nullopt: both are
/// empty, and the user stays. Reads the user database, and so may block.
Result<std::optional<Identity>> look_up_identity(const std::string& user, const std::string& group);

/// Returns the rights of `identity` on files. Reads the user database, and so may block.
FileRights file_rights(const Identity& identity);
/// Returns the rights with which a root process opens `path` before it becomes `user`: those of `user` if others than
/// root can change a directory on the path; otherwise nullopt, which means root's own. nullopt also if there is no
/// `user`.
std::optional<FileRights> rights_for(const std::string& path, const std::optional<FileRights>& user);

/// Adds to an error how rights_for() affected it, for the operator.
Error with_rights_told(Error error, const std::optional<FileRights>& rights);

/// Capabilities that sessions need after privileges were dropped, because they create their upstream sockets then.
struct KeptCapabilities {
  bool net_admin = false;         ///< SO_MARK; SOCK_DESTROY
  bool net_raw = false;           ///< IP_TRANSPARENT; SO_BINDTODEVICE on kernels before 5.7
  bool net_bind_service = false;  ///< a source port below 1024
};

/// Returns the capabilities that the forwardings need.
KeptCapabilities capabilities_needed(const std::vector<relay::Forwarding>& forwardings,
                                     const std::vector<upstream::Group>& groups = {});
/// Returns the name of a capability that `needed` has and `kept` lacks; empty: none.
std::string missing_capability(const KeptCapabilities& needed, const KeptCapabilities& kept);

/// Changes to `identity` (if any) for good: group, supplementary groups, user, and no capabilities except `kept`. Then
/// it always sets no-new-privileges. A process that is not root can only change to its own user. Existing threads
/// change to `identity`, too, but capabilities and no-new-privileges belong to each thread: see
/// drop_thread_privileges().
Result<void> drop_privileges(const std::optional<Identity>& identity, const KeptCapabilities& kept);

/// Drops all capabilities except `kept` and sets no-new-privileges, for a thread that was started before
/// drop_privileges(). Call it on that thread after drop_privileges(), because the thread needs its capabilities to
/// follow the change of user.
Result<void> drop_thread_privileges(const KeptCapabilities& kept);

}  // namespace lastbyte::proxy
