#include "peers/local_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace lastbyte::peers {
namespace {

constexpr int kBacklog = 1024;

Descriptor make(std::optional<int> send_buffer) {
  Descriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (send_buffer) ::setsockopt(made.get(), SOL_SOCKET, SO_SNDBUF, &*send_buffer, sizeof *send_buffer);
  return made;
}

}  // namespace

Result<Descriptor> listen_locally(const net::Address& at, std::optional<int> send_buffer) {
  Descriptor made = make(send_buffer);
  const std::string path = at.unix_name();
  const bool is_path = path.starts_with('/');
  if (is_path) ::unlink(path.c_str());
  if (::bind(made.get(), at.data(), at.size()) != 0) return failure_from_errno("bind " + at.text());
  if ((is_path && ::chmod(path.c_str(), 0777) != 0) || ::listen(made.get(), kBacklog) != 0)
    return failure_from_errno("listen on " + at.text());
  return made;
}

Result<Descriptor> connect_locally(const net::Address& to, std::optional<int> send_buffer) {
  Descriptor made = make(send_buffer);
  if (::connect(made.get(), to.data(), to.size()) != 0) return failure_from_errno("connect to " + to.text());
  return made;
}

}  // namespace lastbyte::peers
