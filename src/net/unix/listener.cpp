#include "net/unix/listener.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <optional>

#include "net/root/open.h"
#include "net/socket/listen_options.h"
#include "net/unix/path.h"
#include "net/unix/root_thread.h"
#include "net/unix/stream.h"

namespace lastbyte::net {
namespace {

constexpr unsigned long kUnixFile = SIOCPROTOPRIVATE;  // SIOCUNIXFILE of linux/un.h, which clashes with sys/un.h
constexpr const char* kReplaced = "somebody else has put something there just now";

struct Identity {
  dev_t device;
  ino_t inode;
  friend bool operator==(const Identity&, const Identity&) = default;
};

Identity identity(const struct stat& status) { return {status.st_dev, status.st_ino}; }

std::string operation(const std::string& path) { return "listen on unix:" + path; }

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISREG(mode)) return "a file";
  return "neither a socket nor a file";
}

/// nullopt: nothing is there. A value: a stale socket. Anything else is an error.
Result<std::optional<Identity>> look_at(const SocketPath& at) {
  const std::string& path = at.text();
  struct stat status{};
  if (!at.status(status)) {
    if (errno == ENOENT) return std::optional<Identity>();
    return failure_from_errno(operation(path));
  }
  if (!S_ISSOCK(status.st_mode)) {
    return failure(operation(path), EEXIST,
                   std::string(kind_of(status.st_mode)) +
                       " is there, which is not replaced; expected nothing, or a "
                       "socket that a process has left behind");
  }
  switch (const int error = at.probe()) {
    case ECONNREFUSED: return std::optional(identity(status));
    case 0:
    case EPROTOTYPE: return failure(operation(path), EADDRINUSE, "the socket there belongs to a process that lives");
    case EACCES:
      return failure(operation(path), error,
                     "a socket is there, and whether it is still in use is hidden from this user");
    default: return failure(operation(path), error, "a socket is there, and whether it is still in use is not known");
  }
}

std::string bind_advice(int code, bool abstract) {
  switch (code) {
    case EADDRINUSE: return abstract ? "another socket has this name already" : "it was made by somebody else just now";
    case EACCES: return "this user may not make files in that directory";
    case ENOENT: return "its directory does not exist";
    default: return "";
  }
}

Result<void> bind_to(const Descriptor& socket, const Address& address) {
  if (::bind(socket.get(), address.data(), address.size()) == 0) return {};
  const int code = errno;
  return failure("listen on " + address.text(), code, bind_advice(code, address.unix_name().starts_with('@')));
}

/// Works on the descriptor, so that no other file is changed if another process replaces the path meanwhile.
Result<void> set_rights(int file, const std::string& path, const UnixFile& wanted) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return failure_from_errno(operation(path));
  // A hard link could lead to another process's socket.
  if (!S_ISSOCK(status.st_mode) || status.st_nlink != 1) return failure(operation(path), EEXIST, kReplaced);
  const uid_t uid = wanted.uid.value_or(static_cast<uid_t>(-1));
  const gid_t gid = wanted.gid.value_or(static_cast<gid_t>(-1));
  if ((wanted.uid || wanted.gid) && ::fchownat(file, "", uid, gid, AT_EMPTY_PATH) != 0)
    return failure("change the owner of unix:" + path, errno, errno == EPERM ? "it needs CAP_CHOWN" : "");
  // fchmod(2) refuses an O_PATH descriptor.
  const std::string link = "fd/" + std::to_string(file);
  if (wanted.mode && ::fchmodat(own_proc(), link.c_str(), *wanted.mode, 0) != 0)
    return failure_from_errno("change the mode of unix:" + path);
  return {};
}

/// The mode that bind() would give. umask(2) cannot read the mask without changing it for all threads.
std::uint32_t default_mode() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint32_t mask = 0;
    if (word == "Umask:" && status >> std::oct >> mask) return 0777U & ~mask;
  }
  return 0700;
}

Descriptor new_socket(const ListenOptions& options) {
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // No option of a UNIX socket can fail.
  if (socket) (void)set_listen_options(socket.get(), Transport::unix_stream, Address(), options);
  return socket;
}

/// The file that a socket is bound to (O_PATH), even if its path now leads elsewhere. That needs CAP_NET_ADMIN
/// (net/unix/af_unix.c unix_open_file); without it, the path is opened.
Descriptor bound_file(const Descriptor& socket, const SocketPath& at) {
  Descriptor file(::ioctl(socket.get(), kUnixFile));
  return file ? std::move(file) : at.open();
}

/// Makes a listening socket bound at `at`, where no file exists, with its mode and owner.
Result<UnixListener> listen_at(const SocketPath& at, const Address& address, const ListenOptions& options,
                               const MakerRights& maker, const std::shared_ptr<RootThread>& inside) {
  const std::string& path = at.text();
  UnixListener made;
  made.socket = new_socket(options);
  if (!made.socket) return failure_from_errno(operation(path));
  // bind() takes the file's mode from the socket (unix_bind_bsd), so that the file is never too open.
  if (options.unix_file.mode && ::fchmod(made.socket.get(), 0) != 0) return failure_from_errno(operation(path));
  const auto bound = with_rights_of(maker, [&]() -> Result<void> {
    if (auto done = bind_to(made.socket, address); !done) return done;
    Descriptor file = bound_file(made.socket, at);
    if (!file) return failure_from_errno(operation(path));
    made.file = SocketFile(path, std::move(file), maker, inside);
    struct stat status{};
    if (::fstat(made.file.get(), &status) != 0) return failure_from_errno(operation(path));
    // If the file was opened by its path, the maker could have put another user's file there.
    if (maker && status.st_uid != maker->uid) return failure(operation(path), EEXIST, kReplaced);
    return {};
  });
  if (!bound) return Failure(bound.error());
  // Root changes the owner, even of a file that the maker made.
  if (auto done = set_rights(made.file.get(), path, options.unix_file); !done) return Failure(done.error());
  if (::listen(made.socket.get(), options.backlog) != 0) return failure_from_errno(operation(path));
  return made;
}

/// Returns a free name beside the path. `ss -x` shows it as the socket's name, because it shows the name at bind().
std::optional<Address> name_beside(const SocketPath& at) {
  const std::string& path = at.text();
  const std::string self = std::to_string(::getpid()) + "-";
  const std::string longer = path + ".new-" + self;
  const std::string shorter = path.substr(0, path.rfind('/') + 1) + ".lb" + self;
  for (int number = 0; number < 100; ++number) {
    const std::string end = std::to_string(number);
    auto address = Address::unix_name(longer + end);
    if (!address) address = Address::unix_name(shorter + end);
    if (!address) return std::nullopt;
    struct stat status{};
    if (!at.beside(address->unix_name()).status(status)) return address;
  }
  return std::nullopt;
}

/// Replaces the stale socket at `path` by the one at `fresh`. It exchanges them first and examines the old one
/// afterwards, because another process could act between a check and a rename.
Result<void> replace(const SocketPath& fresh, const SocketPath& path, const Identity& stale) {
  if (!fresh.rename_to(path, RENAME_EXCHANGE)) {
    const int code = errno;
    if (code == ENOENT && fresh.rename_to(path, RENAME_NOREPLACE)) return {};
    return failure(operation(path.text()), code, "a socket that is in use no more is there, and could not be replaced");
  }
  const auto former = look_at(fresh);
  if (former && *former == std::optional(stale) && fresh.unlink()) return {};
  if (former && !*former) return {};
  static_cast<void>(fresh.rename_to(path, RENAME_EXCHANGE));
  return failure(operation(path.text()), EADDRINUSE, "somebody else took the place of the socket there just now");
}

/// False: another file is at the path, or none.
bool leads_to(const SocketPath& at, int file) {
  struct stat ours{};
  struct stat there{};
  if (::fstat(file, &ours) != 0) return true;
  // A directory that this user may not search tells nothing about its content.
  if (!at.status(there)) return errno != ENOENT && errno != ENOTDIR;
  return identity(ours) == identity(there);
}

Result<void> remove_file(const std::string& path, int file, const RootThread* inside) {
  const auto at = SocketPath::find(path, inside);
  // If the directory is gone, so is the file.
  if (!at && (at.error().code == ENOENT || at.error().code == ENOTDIR)) return {};
  if (!at) return Failure(at.error());
  if (!leads_to(*at, file) || at->unlink()) return {};
  return failure("remove the socket unix:" + path, errno,
                 "it stays behind, and is replaced at the next start; for its removal, its directory must be writable "
                 "to the user that the process has become");
}

/// Runs the function on the root's thread; on the calling thread if `inside` is null.
template <typename T>
Result<T> in_root(const std::shared_ptr<RootThread>& inside, const std::function<Result<T>()>& function) {
  return inside ? inside->ask<T>(function) : function();
}

Result<UnixListener> listen_on_path(const Address& address, const ListenOptions& options, const MakerRights& maker,
                                    const std::shared_ptr<RootThread>& inside) {
  const auto at = SocketPath::find(address.unix_name(), inside.get());
  if (!at) return Failure(at.error());
  std::optional<Identity> stale;
  std::optional<Address> beside;
  const auto looked = with_rights_of(maker, [&]() -> Result<void> {
    auto there = look_at(*at);
    if (!there) return Failure(there.error());
    stale = *there;
    if (stale) beside = name_beside(*at);
    return {};
  });
  if (!looked) return Failure(looked.error());
  if (!stale) return listen_at(*at, address, options, maker, inside);
  if (!beside) {
    return failure(operation(at->text()), ENAMETOOLONG,
                   "a socket that is in use no more is there, and no name beside it is free to replace it from");
  }
  const SocketPath fresh = at->beside(beside->unix_name());
  auto made = listen_at(fresh, *beside, options, maker, inside);
  if (!made) return made;
  const auto replaced = with_rights_of(maker, [&] { return replace(fresh, *at, *stale); });
  if (!replaced) return Failure(replaced.error());
  made->file.is_now_at(at->text());
  return made;
}

}  // namespace

SocketFile::SocketFile(std::string path, Descriptor file, MakerRights maker, std::shared_ptr<RootThread> inside)
    : path_(std::move(path)),
      file_(std::make_shared<const Descriptor>(std::move(file))),
      maker_(std::move(maker)),
      inside_(std::move(inside)) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  if (this != &other) {
    static_cast<void>(remove());
    path_ = std::move(other.path_);
    file_ = std::move(other.file_);
    maker_ = std::move(other.maker_);
    inside_ = std::move(other.inside_);
  }
  return *this;
}

SocketFile::~SocketFile() { static_cast<void>(remove()); }

bool SocketFile::is_there() const {
  if (!file_) return true;
  const auto there = in_root<bool>(inside_, [path = path_, file = file_, inside = inside_]() -> Result<bool> {
    const auto at = SocketPath::find(path, inside.get());
    if (!at) return at.error().code != ENOENT && at.error().code != ENOTDIR;
    return leads_to(*at, file->get());
  });
  // An error of the root's thread, such as a timeout, does not mean that the file is gone.
  return !there || *there;
}

Result<void> SocketFile::remove() {
  const auto file = std::exchange(file_, nullptr);
  if (!file) return {};
  return in_root<void>(inside_, [path = path_, file, maker = maker_, inside = inside_] {
    return with_rights_of(maker, [&] { return remove_file(path, file->get(), inside.get()); });
  });
}

Result<void> change_rights(const SocketFile& file, const UnixFile& from, const UnixFile& to) {
  UnixFile changed;
  if (from.mode != to.mode) changed.mode = to.mode ? *to.mode : default_mode();
  if (from.uid != to.uid) changed.uid = to.uid.value_or(::geteuid());
  if (from.gid != to.gid) changed.gid = to.gid.value_or(::getegid());
  return in_root<void>(file.inside(), [path = file.path(), held = file.held(), changed] {
    return set_rights(held->get(), path, changed);
  });
}

Result<UnixListener> listen_unix(const Address& address, const ListenOptions& options, const MakerRights& maker,
                                 const std::shared_ptr<RootThread>& inside) {
  if (!address.unix_name().starts_with('@')) {
    return in_root<UnixListener>(
        inside, [address, options, maker, inside] { return listen_on_path(address, options, maker, inside); });
  }
  UnixListener made{new_socket(options), {}};
  if (!made.socket) return failure_from_errno("listen on " + address.text());
  if (auto bound = bind_to(made.socket, address); !bound) return Failure(bound.error());
  if (::listen(made.socket.get(), options.backlog) != 0) return failure_from_errno("listen on " + address.text());
  return made;
}

}  // namespace lastbyte::net
