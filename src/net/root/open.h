// Root directories other than the process's own: opening one, and looking up paths in it. Processes inside may place
// symbolic links, rename directories and mount file systems at any time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"
#include "net/names/root.h"

namespace lastbyte::net {

struct OpenedRoot {
  Descriptor directory;  ///< O_PATH
  Descriptor process;    ///< pidfd of the process that names the root; empty: no process does
};

/// Opens the directory that the name stands for now; RootName{} is our own root. `pid:` needs the right to inspect that
/// process (ptrace(2): CAP_SYS_PTRACE for another user's).
Result<OpenedRoot> open_root(const RootName& name);

/// Whether both descriptors are the same directory of the same mount.
bool same_directory(int a, int b);

/// False: the process that names the root has ended, and its number may be another's.
bool still_lives(const Descriptor& process);

/// Whether a look-up may ask a file system that may be slow to answer (FUSE, a network).
enum class LookUp : std::uint8_t {
  cached,  ///< never blocks; EAGAIN if the kernel's cache has no answer
  whole,   ///< EAGAIN only while another process keeps renaming directories of the path
};

/// Calls openat2(2) with O_PATH and `flags`. Every symbolic link and "..", absolute links included, is resolved inside
/// the directory. Magic links (/proc/PID/root, /proc/PID/fd) are not followed at all (ELOOP). Needs Linux 5.6. On
/// failure the result is empty and errno is set.
Descriptor look_up_in(int root, const std::string& path, int flags, LookUp how);

/// The unique number of the mount that an open file is on; it is never reused (Linux 6.8). Asks no file system.
std::optional<std::uint64_t> mount_of(int fd);

/// Whether the open file is on a file system in the kernel's memory (tmpfs) or on a local disk. On any other file
/// system even connect(2) to a file already found may wait for a server. This call itself may wait, too.
bool is_on_local_file_system(int fd);

/// Returns a descriptor of /proc/self that stands for this process even on a thread with another root; -1: there is
/// none. The first call opens it, and it stays open.
int own_proc();

/// The name of an open file for connect(2), valid only on threads of this process: /proc/self/fd/N. On the thread of a
/// RootThread that has entered its root, it is relative to the current directory.
enum class Seen : std::uint8_t { from_outside, from_root_thread };
Address name_of_file(int fd, Seen seen);

}  // namespace lastbyte::net
