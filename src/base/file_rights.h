// The user with whose rights files are opened while the process is root and will switch to another user. A user who can
// change a directory of a path could lead root anywhere by a symbolic link.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace lastbyte {

/// A user, as the kernel's file systems see one.
struct FileRights {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  ///< supplementary
};

/// True: nobody but root can change where `path` leads, or what is in its last directory. A relative path begins at the
/// working directory.
bool only_root_can_change(const std::string& path);

/// Runs `work` on this thread with the rights of `whose` on files (setfsuid(2)) and without root's capabilities on
/// them. Runs it as it is for nullopt, and in a process that is not root. An error: that of `work`, or the rights could
/// not be taken and `work` was not run.
Result<void> with_rights_of(const std::optional<FileRights>& whose, const std::function<Result<void>()>& work);

}  // namespace lastbyte
