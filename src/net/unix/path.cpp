#include "net/unix/path.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include "net/root/open.h"
#include "net/unix/root_thread.h"
#include "net/unix/stream.h"

namespace lastbyte::net {

Result<SocketPath> SocketPath::find(std::string path, const RootThread* inside) {
  if (inside == nullptr) return SocketPath(std::move(path), nullptr);
  const std::string operation = "listen on unix:" + path + " in " + inside->name().text();
  if (const auto entered = inside->entered(); !entered)
    return failure(operation, entered.error().code, entered.error().detail);
  Descriptor directory =
      look_up_in(inside->directory(), path.substr(0, path.rfind('/') + 1), O_DIRECTORY, LookUp::whole);
  if (!directory) return failure(operation, errno, errno == ENOENT ? "its directory does not exist" : "");
  return SocketPath(std::move(path), std::make_shared<const Descriptor>(std::move(directory)));
}

int SocketPath::directory() const { return directory_ ? directory_->get() : AT_FDCWD; }

std::string SocketPath::name() const { return directory_ ? path_.substr(path_.rfind('/') + 1) : path_; }

bool SocketPath::status(struct stat& status) const {
  return ::fstatat(directory(), name().c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

Descriptor SocketPath::open() const {
  return Descriptor(::openat(directory(), name().c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

bool SocketPath::unlink() const { return ::unlinkat(directory(), name().c_str(), 0) == 0; }

bool SocketPath::rename_to(const SocketPath& other, unsigned flags) const {
  return ::renameat2(directory(), name().c_str(), other.directory(), other.name().c_str(), flags) == 0;
}

int SocketPath::probe() const {
  const Descriptor file = directory_ ? open() : Descriptor();
  if (directory_ && !file) return errno;
  const auto address = directory_ ? name_of_file(file.get(), Seen::from_root_thread) : Address::unix_name(path_);
  return address ? probe_unix(*address) : ENAMETOOLONG;
}

}  // namespace lastbyte::net
