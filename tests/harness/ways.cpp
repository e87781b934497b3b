#include "tests/harness/ways.h"

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "net/socket/calls.h"
#include "net/tcp/connect.h"
#include "net/tcp/listen.h"
#include "net/unix/stream.h"
#include "peers/player.h"

namespace lastbyte::system_test {
namespace {

using net::Transport;

constexpr int kPatienceMs = 20'000;

/// Gives blocking calls a time limit, so that they end even if nothing comes.
void set_patience(const Descriptor& socket) {
  const timeval patience{.tv_sec = kPatienceMs / 1000, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

Descriptor connected(const net::Address& to) {
  if (to.is_unix()) {
    auto made = net::connect_unix(to, {});
    EXPECT_TRUE(made) << made.error().text();
    return made ? std::move(*made) : Descriptor();
  }
  auto made = net::connect_tcp(to, {}, {});
  EXPECT_TRUE(made) << made.error().text();
  if (!made) return {};
  pollfd polled{.fd = made->socket.get(), .events = POLLOUT, .revents = 0};
  ::poll(&polled, 1, kPatienceMs);
  return std::move(made->socket);
}

/// One side of a scene, on a thread of its own.
class Peer {
 public:
  Peer(Meeting& meeting, std::string_view text, PeerOptions options) : script_(script(text)), options_(options) {
    options_.meeting = &meeting;
    meeting.join(wakeup_);
  }
  ~Peer() {
    if (thread_.joinable()) thread_.join();
    options_.meeting->leave(wakeup_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void connect(const net::Address& to) {
    thread_ = std::thread([this, to] { play(connected(to)); });
  }
  void accept(const Descriptor& from) {
    thread_ = std::thread([this, fd = from.get()] {
      pollfd polled{.fd = fd, .events = POLLIN, .revents = 0};
      ::poll(&polled, 1, kPatienceMs);
      play(Descriptor(::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)));
    });
  }
  const Observed& wait() {
    if (thread_.joinable()) thread_.join();
    return seen_;
  }

 private:
  void play(Descriptor socket) {
    if (!socket) return;
    seen_.connected = true;
    for (const auto& [size, option] : {std::pair(script_.window, SO_RCVBUF), std::pair(script_.send_buffer, SO_SNDBUF)})
      if (size) ::setsockopt(socket.get(), SOL_SOCKET, option, &*size, sizeof *size);
    const TimePoint began = Clock::now();
    peers::Player(std::move(socket), options_, wakeup_, stopped_, began, began + options_.limit, seen_).play(script_);
  }

  Script script_;
  PeerOptions options_;
  loop::Wakeup wakeup_;
  const std::atomic<bool> stopped_ = false;
  Observed seen_;
  std::thread thread_;
};

std::string word(Transport transport) { return transport == Transport::tcp ? "Tcp" : "Unix"; }

}  // namespace

std::string way_name(const ::testing::TestParamInfo<Way>& info) {
  return word(info.param.client) + "To" + word(info.param.upstream);
}

const std::vector<Way>& ways_with_unix() {
  static const std::vector<Way> all{{Transport::tcp, Transport::unix_stream},
                                    {Transport::unix_stream, Transport::tcp},
                                    {Transport::unix_stream, Transport::unix_stream}};
  return all;
}

UnixServer::UnixServer(const TemporaryDirectory& directory, const std::string& name, int backlog)
    : UnixServer(*net::Address::unix_name(directory.file(name)), backlog) {}

UnixServer::UnixServer(const net::Address& at, int backlog)
    : address(at), listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  EXPECT_EQ(::bind(listening.get(), address.data(), address.size()), 0) << errno_name(errno);
  EXPECT_EQ(::listen(listening.get(), backlog), 0);
  set_patience(listening);
}

Descriptor UnixServer::accept() const {
  Descriptor taken(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_TRUE(taken) << errno_name(errno);
  set_patience(taken);
  return taken;
}

Descriptor connect_to(const net::Address& address) {
  Descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  set_patience(socket);
  EXPECT_EQ(::connect(socket.get(), address.data(), address.size()), 0) << address.text() << ": " << errno_name(errno);
  return socket;
}

bool can_forbid_descriptors() {
  constexpr int kPassRights = 83;  // SO_PASSRIGHTS of asm-generic/socket.h
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(probe.get(), SOL_SOCKET, kPassRights, &value, &length) == 0;
}

ReadToEnd read_to_end(const Descriptor& socket) {
  ReadToEnd read;
  std::string buffer(64 * 1024, '\0');
  for (;;) {
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) {
      read.end = got == 0 ? "fin" : errno_name(errno);
      return read;
    }
    read.bytes.append(buffer, 0, static_cast<std::size_t>(got));
  }
}

void send_all(const Descriptor& socket, std::string_view bytes) {
  EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()))
      << errno_name(errno);
}

Played play_over(const Way& way, std::string_view client_text, std::string_view server_text, const Flags& flags) {
  const TemporaryDirectory directory;
  Descriptor server_socket;
  net::Address upstream;
  if (way.upstream == Transport::unix_stream) {
    UnixServer server(directory);
    upstream = server.address;
    server_socket = std::move(server.listening);
  } else {
    auto made = net::listen_tcp(Server::loopback(), {}, 1);
    EXPECT_TRUE(made);
    server_socket = std::move(made->front());
    upstream = net::local_address(server_socket.get());
  }
  Proxy::Options options{.flags = flags};
  if (way.client == Transport::unix_stream) options.listen = "unix:" + directory.file("proxy.sock");
  Proxy proxy(upstream, options);
  Meeting meeting;
  Peer server(meeting, server_text, PeerOptions{}.swapped());
  Peer client(meeting, client_text, {});
  server.accept(server_socket);
  client.connect(proxy.address());
  Played played;
  played.client = client.wait();
  played.server = server.wait();
  played.record = proxy.record();
  EXPECT_TRUE(played.server.connected) << "nobody came to the server: " << played.text();
  return played;
}

}  // namespace lastbyte::system_test
