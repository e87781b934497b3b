// Root directories other than the process's own: opening one, and looking paths up in it. Processes in there may
// place symbolic links, rename directories and mount file systems at any time.
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
  Descriptor process;    ///< a pidfd of the process that it was named by; empty: by none
};

/// Opens what the name stands for now; our own root for RootName{}. `pid:` needs the right to look into that process
/// (ptrace(2): CAP_SYS_PTRACE for one of another user).
Result<OpenedRoot> open_root(const RootName& name);

/// Whether both are the same directory, of the same mount.
bool same_directory(int a, int b);

/// False: the process that a root was named by has ended, and its number may be another's.
bool still_lives(const Descriptor& process);

/// Whether a look-up may ask a file system that may take its time (FUSE, a network).
enum class LookUp : std::uint8_t {
  cached,  ///< never blocks; EAGAIN where the kernel's cache does not tell
  whole,   ///< EAGAIN only while another process keeps renaming directories of the path
};

/// openat2(2) with O_PATH and `flags`. Every symbolic link, absolute ones and ".." too, is resolved inside the
/// directory, and magic links (/proc/PID/root, /proc/PID/fd) are not followed at all (ELOOP). Needs Linux 5.6.
/// Empty: errno is set.
Descriptor look_up_in(int root, const std::string& path, int flags, LookUp how);

/// The number of the mount that an open file is on, which no other mount ever has (Linux 6.8). Asks no file system.
std::optional<std::uint64_t> mount_of(int fd);

/// Whether the open file is on a file system that is entirely the kernel's (tmpfs) or this machine's disk. On any other
/// file system, even connect(2) to a file that was found may wait for its server. The call itself may wait, too.
bool is_on_local_file_system(int fd);

/// A descriptor of /proc/self that stands for this process also on a thread with another root; -1: there is none. It is
/// opened by the first call, and stays open.
int own_proc();

/// A name of an open file for connect(2), which only a thread of this process can use: /proc/self/fd/N. On the thread
/// of a RootThread that has entered its root, relative to its current directory.
enum class Seen : std::uint8_t { from_outside, from_root_thread };
Address name_of_file(int fd, Seen seen);

}  // namespace lastbyte::net
