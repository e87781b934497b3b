#include "check/contact.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace lastbyte::check {
namespace {

constexpr int kBacklog = 1024;

struct Named {
  Descriptor socket;
  sockaddr_un name{};
};

Result<Named> make(const std::string& path, std::optional<int> send_buffer) {
  Named made;
  if (path.size() >= sizeof made.name.sun_path) return failure("UNIX socket " + path, ENAMETOOLONG);
  made.name.sun_family = AF_UNIX;
  std::memcpy(made.name.sun_path, path.c_str(), path.size() + 1);
  made.socket = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made.socket) return failure_from_errno("socket");
  if (send_buffer) ::setsockopt(made.socket.get(), SOL_SOCKET, SO_SNDBUF, &*send_buffer, sizeof *send_buffer);
  return made;
}

const sockaddr* name_of(const Named& made) { return reinterpret_cast<const sockaddr*>(&made.name); }

}  // namespace

Contact Contact::of_path(std::string path) {
  Contact contact;
  contact.path = std::move(path);
  return contact;
}

Result<Descriptor> listen_on_path(const std::string& path, std::optional<int> send_buffer) {
  auto made = make(path, send_buffer);
  if (!made) return Failure(made.error());
  ::unlink(path.c_str());
  if (::bind(made->socket.get(), name_of(*made), sizeof made->name) != 0) return failure_from_errno("bind " + path);
  if (::chmod(path.c_str(), 0777) != 0 || ::listen(made->socket.get(), kBacklog) != 0)
    return failure_from_errno("listen on " + path);
  return std::move(made->socket);
}

Result<Descriptor> connect_to_path(const std::string& path, std::optional<int> send_buffer) {
  auto made = make(path, send_buffer);
  if (!made) return Failure(made.error());
  if (::connect(made->socket.get(), name_of(*made), sizeof made->name) != 0)
    return failure_from_errno("connect to " + path);
  return std::move(made->socket);
}

}  // namespace lastbyte::check
