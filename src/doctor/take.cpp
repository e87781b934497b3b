// Looking at another process's sockets by taking a descriptor of each: the way that disturbs, and only on request.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>

#include "base/descriptor.h"
#include "doctor/collect.h"
#include "net/socket/calls.h"

namespace lastbyte::doctor {
namespace {

template <typename Value>
Value option(int fd, int level, int name) {
  Value value{};
  socklen_t size = sizeof value;
  ::getsockopt(fd, level, name, &value, &size);
  return value;
}

int number(int fd, int level, int name) { return option<int>(fd, level, name); }

std::uint32_t ask(int fd, unsigned long request) {
  int bytes = 0;
  return ::ioctl(fd, request, &bytes) == 0 ? static_cast<std::uint32_t>(bytes) : 0U;
}

net::Address peer_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  return ::getpeername(fd, any, &size) == 0 ? net::Address::from_kernel(any, size) : net::Address();
}

bool is_tcp(int fd) {
  const int family = number(fd, SOL_SOCKET, SO_DOMAIN);
  return (family == AF_INET || family == AF_INET6) && number(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP;
}

/// SO_ERROR is not asked: it is given once, and belongs to the process.
kernel::ProcessSocket look(int fd) {
  kernel::ProcessSocket socket;
  socket.cookie = option<std::uint64_t>(fd, SOL_SOCKET, SO_COOKIE);
  socket.local = net::local_address(fd);
  socket.remote = peer_of(fd);
  const auto info = option<tcp_info>(fd, IPPROTO_TCP, TCP_INFO);
  socket.state = info.tcpi_state;
  socket.non_blocking = (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
  if (number(fd, SOL_SOCKET, SO_ACCEPTCONN) != 0) {
    // Of a listener these two are its queue (net/ipv4/tcp.c tcp_get_info).
    socket.backlog = {info.tcpi_unacked, info.tcpi_sacked};
  } else {
    socket.queued = kernel::QueuedBytes{ask(fd, FIONREAD), ask(fd, TIOCOUTQ), 0};
  }
  const auto linger_option = option<linger>(fd, SOL_SOCKET, SO_LINGER);
  if (linger_option.l_onoff != 0) socket.linger = std::chrono::seconds(linger_option.l_linger);
  socket.keepalive = number(fd, SOL_SOCKET, SO_KEEPALIVE) != 0;
  socket.keepalive_time = std::chrono::seconds(number(fd, IPPROTO_TCP, TCP_KEEPIDLE));
  socket.keepalive_interval = std::chrono::seconds(number(fd, IPPROTO_TCP, TCP_KEEPINTVL));
  socket.keepalive_probes = static_cast<std::uint8_t>(number(fd, IPPROTO_TCP, TCP_KEEPCNT));
  socket.user_timeout = std::chrono::milliseconds(number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT));
  socket.no_delay = number(fd, IPPROTO_TCP, TCP_NODELAY) != 0;
  socket.reuse_address = number(fd, SOL_SOCKET, SO_REUSEADDR) != 0;
  socket.reuse_port = number(fd, SOL_SOCKET, SO_REUSEPORT) != 0;
  socket.receive_buffer = number(fd, SOL_SOCKET, SO_RCVBUF);
  socket.send_buffer = number(fd, SOL_SOCKET, SO_SNDBUF);
  return socket;
}

}  // namespace

Result<std::vector<kernel::ProcessSocket>> take_sockets(std::uint32_t pid) {
  const std::string operation = "take the descriptors of process " + std::to_string(pid);
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return failure_from_errno(operation);
  std::vector<kernel::ProcessSocket> all;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error)) {
    // Only sockets are taken: the link says what it is.
    if (!std::filesystem::read_symlink(entry.path(), error).string().starts_with("socket:")) continue;
    const std::string name = entry.path().filename();
    int number = -1;
    std::from_chars(name.data(), name.data() + name.size(), number);
    const Descriptor taken(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0)));
    if (!taken && errno == EBADF) continue;  // closed meanwhile
    if (!taken) return failure(operation, errno, errno == EPERM ? "it needs CAP_SYS_PTRACE" : "");
    if (!is_tcp(taken.get())) continue;
    all.push_back(look(taken.get()));
    all.back().descriptor = number;
    all.back().process.pid = pid;
  }
  if (error && all.empty()) return failure(operation, error.value());
  return all;
}

}  // namespace lastbyte::doctor
