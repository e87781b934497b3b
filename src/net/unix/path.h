// The path of a listening UNIX socket, and the operations on its file.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::net {

class RootThread;  // net/unix/root_thread.h

/// In another root, the directory is looked up once, confined to that root. All later operations use that directory,
/// even if its path then leads elsewhere. Use it on the thread of that root.
class SocketPath {
 public:
  /// `inside`: the root; null: the process's own.
  static Result<SocketPath> find(std::string path, const RootThread* inside);

  /// Another file in the same directory. Precondition: its path differs only in the last component.
  [[nodiscard]] SocketPath beside(std::string path) const { return {std::move(path), directory_}; }
  [[nodiscard]] const std::string& text() const { return path_; }

  // Named after their system calls; on failure errno is set.
  [[nodiscard]] bool status(struct stat& status) const;  ///< lstat(2)
  [[nodiscard]] Descriptor open() const;                 ///< open(2) with O_PATH and O_NOFOLLOW
  [[nodiscard]] bool unlink() const;
  [[nodiscard]] bool rename_to(const SocketPath& other, unsigned flags) const;  ///< renameat2(2)

  /// As probe_unix() of net/unix/stream.h.
  [[nodiscard]] int probe() const;

 private:
  SocketPath(std::string path, std::shared_ptr<const Descriptor> directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}
  [[nodiscard]] int directory() const;
  [[nodiscard]] std::string name() const;

  std::string path_;
  std::shared_ptr<const Descriptor> directory_;  ///< null: the process resolves the path as it is
};

}  // namespace lastbyte::net
