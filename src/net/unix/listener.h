// Listens on a UNIX stream socket, by path or abstract name, and manages the file of a path.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "base/file_rights.h"
#include "base/result.h"
#include "net/address/address.h"
#include "net/socket/options.h"

namespace lastbyte::net {

class RootThread;  // net/unix/root_thread.h

/// The user who creates, replaces and removes the file of a listening socket while the process is root; nullopt: root.
using MakerRights = std::optional<FileRights>;

/// The file of a listening socket. The destructor removes it if it is still there. A file that another process has put
/// in its place stays.
class SocketFile {
 public:
  SocketFile() = default;
  /// `inside`: the root directory that contains the path; null: the process's own.
  SocketFile(std::string path, Descriptor file, MakerRights maker, std::shared_ptr<RootThread> inside);
  SocketFile(SocketFile&&) = default;
  SocketFile& operator=(SocketFile&& other) noexcept;
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile();

  /// Removes the file now; later calls do nothing. The error says why it could not be removed, and what that means.
  Result<void> remove();
  /// False: another process has removed or replaced the file. True if there is no file, or if this user may not look.
  [[nodiscard]] bool is_there() const;
  /// Records a new path after a rename.
  void is_now_at(std::string path) { path_ = std::move(path); }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// A descriptor opened with O_PATH (open(2)). -1: there is no file.
  [[nodiscard]] int get() const { return file_ ? file_->get() : -1; }
  [[nodiscard]] const std::shared_ptr<const Descriptor>& held() const { return file_; }
  [[nodiscard]] const std::shared_ptr<RootThread>& inside() const { return inside_; }

 private:
  std::string path_;
  /// While this is open, no other file gets the same inode number. Operations on the root's thread share it.
  std::shared_ptr<const Descriptor> file_;
  MakerRights maker_;
  std::shared_ptr<RootThread> inside_;
};

struct UnixListener {
  Descriptor socket;
  SocketFile file;  ///< none for an abstract name
};

/// Changes mode and owner of a listening socket's file where `to` differs from `from`. Properties that `to` does not
/// set become those of a new file of this process.
Result<void> change_rights(const SocketFile& file, const UnixFile& from, const UnixFile& to);

/// Makes a listening socket, non-blocking. All workers share it: UNIX sockets have no SO_REUSEPORT.
///
/// A file at the path is replaced only if it is a stale socket, one that no process has open. A regular file, a
/// directory, a symbolic link, and a living process's socket, listening or not, are errors. Nobody can connect before
/// mode and owner are right, and replacing a stale socket leaves no moment without one.
///
/// If the process is root, `maker` creates and replaces the file; the process itself sets mode and owner.
///
/// `inside`: the root directory that contains the path; null: the process's own. The thread of another root does all
/// file operations in it; they fail with ETIMEDOUT if they take too long.
Result<UnixListener> listen_unix(const Address& address, const ListenOptions& options, const MakerRights& maker = {},
                                 const std::shared_ptr<RootThread>& inside = nullptr);

}  // namespace lastbyte::net
