// File access with the rights of another user, while the process is root and will switch to that user later. A user who
// can change a directory of a path could lead root anywhere by a symbolic link.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace lastbyte {

/// A user as the kernel's file systems see it.
struct FileRights {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  ///< supplementary
};

/// Whether only root can change where `path` leads and what is in its last directory. A relative path begins at the
/// working directory.
bool only_root_can_change(const std::string& path);

/// Runs `work` on this thread with the file rights of `whose` (setfsuid(2)) and without root's capabilities on files.
/// If `whose` is nullopt or the process is not root, `work` runs with the rights it has. Returns the error of `work`,
/// or an error if the rights could not be taken; `work` is then not run.
Result<void> with_rights_of(const std::optional<FileRights>& whose, const std::function<Result<void>()>& work);

}  // namespace lastbyte
