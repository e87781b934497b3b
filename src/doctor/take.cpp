// Examines another process's sockets by taking a descriptor of each. This disturbs the process, so it happens only on
// request.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/descriptor.h"
#include "doctor/target.h"
#include "kernel/proc/holders.h"
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

bool is_tcp(int fd) {
  const int family = number(fd, SOL_SOCKET, SO_DOMAIN);
  return (family == AF_INET || family == AF_INET6) && number(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP;
}

/// Does not read SO_ERROR: the kernel reports it only once, and it belongs to the process.
kernel::ProcessSocket look(int fd) {
  kernel::ProcessSocket socket;
  socket.cookie = option<std::uint64_t>(fd, SOL_SOCKET, SO_COOKIE);
  socket.local = net::local_address(fd);
  socket.remote = net::peer_address(fd);
  const auto info = option<tcp_info>(fd, IPPROTO_TCP, TCP_INFO);
  socket.state = info.tcpi_state;
  socket.non_blocking = (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
  if (number(fd, SOL_SOCKET, SO_ACCEPTCONN) != 0) {
    // For a listener, these two fields are its queue (net/ipv4/tcp.c tcp_get_info).
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

Result<TakenSockets> take_sockets(std::uint32_t pid) {
  const std::string operation = "take the descriptors of process " + std::to_string(pid);
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return failure_from_errno(operation);
  const auto descriptors = kernel::socket_descriptors(pid);
  if (!descriptors) return Failure(descriptors.error());
  TakenSockets all;
  for (const kernel::SocketDescriptor& each : *descriptors) {
    const auto begin = std::chrono::steady_clock::now();
    Descriptor taken(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), each.descriptor, 0)));
    // The descriptor was closed meanwhile, or the process has ended.
    if (!taken && (errno == EBADF || errno == ESRCH)) continue;
    if (!taken) return failure(operation, errno, errno == EPERM ? "it needs CAP_SYS_PTRACE" : "");
    const bool wanted = is_tcp(taken.get());
    if (wanted) all.sockets.push_back(look(taken.get()));
    taken.close();
    const auto held = std::chrono::steady_clock::now() - begin;
    ++all.taken.descriptors;
    all.taken.longest = std::max(all.taken.longest, std::chrono::ceil<std::chrono::microseconds>(held));
    if (!wanted) continue;
    all.sockets.back().descriptor = each.descriptor;
    all.sockets.back().process.pid = pid;
  }
  return all;
}

}  // namespace lastbyte::doctor
