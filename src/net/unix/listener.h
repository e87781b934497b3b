// Listening on a UNIX stream socket, by path or abstract name, and the file that comes with a path.
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

/// The user that creates, replaces and removes the file of a listening socket while the process is root; nullopt: root.
using MakerRights = std::optional<FileRights>;

/// The file of a listening socket. Removed with this object, if it is still there. A file that another process has put
/// in its place stays.
class SocketFile {
 public:
  SocketFile() = default;
  /// `inside`: the root directory in which the path is; null: the process's own.
  SocketFile(std::string path, Descriptor file, MakerRights maker, std::shared_ptr<RootThread> inside);
  SocketFile(SocketFile&&) = default;
  SocketFile& operator=(SocketFile&& other) noexcept;
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile();

  /// Removes it now; once. An error says why it could not be, and what that means.
  Result<void> remove();
  /// False: another process has removed or replaced it. True if there is no file, or if this user may not
  /// look.
  [[nodiscard]] bool is_there() const;
  /// It has been renamed.
  void is_now_at(std::string path) { path_ = std::move(path); }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// O_PATH of open(2). -1: there is no file.
  [[nodiscard]] int get() const { return file_ ? file_->get() : -1; }
  [[nodiscard]] const std::shared_ptr<const Descriptor>& held() const { return file_; }
  [[nodiscard]] const std::shared_ptr<RootThread>& inside() const { return inside_; }

 private:
  std::string path_;
  /// While it is held, no other file is given the same inode number. Shared with what the root's thread does to it.
  std::shared_ptr<const Descriptor> file_;
  MakerRights maker_;
  std::shared_ptr<RootThread> inside_;
};

struct UnixListener {
  Descriptor socket;
  SocketFile file;  ///< of an abstract name: none
};

/// Gives the file of a listening socket other rights, where `to` differs from what it has. What `to` leaves open is as
/// a new file of this process would have it.
Result<void> change_rights(const SocketFile& file, const UnixFile& from, const UnixFile& to);

/// A listening socket, non-blocking. All workers share it: there is no SO_REUSEPORT for UNIX sockets.
///
/// What is there already is replaced only if it is the socket of nobody: one that no process has open any more. A file,
/// a directory, a symbolic link, and the socket of a process that lives, whether it listens or not, are errors. Nobody
/// can connect before mode and owner are right, and where an old socket is replaced there is no moment without one.
///
/// `maker` touches the path where the process is root; mode and owner are set by the process itself.
///
/// `inside`: the root directory in which a path is; null: the process's own. All that is done to a file in another root
/// is done on its thread, and is an error (ETIMEDOUT) where that takes too long.
Result<UnixListener> listen_unix(const Address& address, const ListenOptions& options, const MakerRights& maker = {},
                                 const std::shared_ptr<RootThread>& inside = nullptr);

}  // namespace lastbyte::net
