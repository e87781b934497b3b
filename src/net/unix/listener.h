// Listening on a UNIX stream socket, by path or abstract name, and the file that comes with a path.
#pragma once

#include <optional>
#include <string>

#include "base/descriptor.h"
#include "base/file_rights.h"
#include "base/result.h"
#include "net/address.h"
#include "net/options.h"

namespace lastbyte::net {

/// Who makes, replaces and removes the file of a listening socket while the process is root; nullopt: root does.
using MakerRights = std::optional<FileRights>;

/// The file of a listening socket. Is removed with this object, if it is still there: what somebody else has put in its
/// place stays.
class SocketFile {
 public:
  SocketFile() = default;
  SocketFile(std::string path, Descriptor file, MakerRights maker = {})
      : path_(std::move(path)), file_(std::move(file)), maker_(std::move(maker)) {}
  SocketFile(SocketFile&&) = default;
  SocketFile& operator=(SocketFile&& other) noexcept;
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile();

  /// Removes it now; once. An error says why it could not be, and what that means.
  Result<void> remove();
  /// False: somebody has removed it, or has put something else in its place. True where there is no file, and where
  /// this user may not look.
  [[nodiscard]] bool is_there() const;
  /// It has been renamed.
  void is_now_at(std::string path) { path_ = std::move(path); }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// O_PATH of open(2). -1: there is no file.
  [[nodiscard]] int get() const { return file_.get(); }

 private:
  Result<void> remove_as_maker();

  std::string path_;
  Descriptor file_;  ///< while it is held, no other file is given the same inode number
  MakerRights maker_;
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
Result<UnixListener> listen_on_unix(const Address& address, const ListenOptions& options,
                                    const MakerRights& maker = {});

}  // namespace lastbyte::net
