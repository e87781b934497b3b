// How UNIX stream sockets end differently from TCP's.
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "lab/experiments/experiments.h"
#include "lab/stage/edges.h"
#include "lab/stage/stage.h"
#include "net/unix/stream.h"
#include "process/scratch.h"

namespace lastbyte::lab {
namespace {

constexpr Expectation kUnixTable[] = {
    {"close() with unread input: recv(), recv(), recv()", "6, ECONNRESET, 0"},
    {"close() with nothing unread: recv(), recv()", "6, 0"},
    {"SHUT_WR and close() with unread input: recv(), recv(), recv()",
     "6, ECONNRESET, 0",
     {},
     "TCP: 6, 0, 0; net/unix/af_unix.c unix_release_sock"},
    {"close() with unread input: send(), then recv(), recv(), recv()", "EPIPE, 6, ECONNRESET, 0"},
    {"SO_LINGER {1,0} and close(): recv(), recv()", "0, 0"},
    {"a full queue, and its sender closes with unread input: the peer reads", "all, ECONNRESET"},
    {"the peer's SHUT_WR: edge", "IN OUT RDHUP"},
    {"the peer's close(): edge", "IN OUT RDHUP HUP"},
    {"SIOCOUTQ of one unread byte", "more than 1"},
    {"SIOCOUTQ once it is read", "0"},
    {"connect() to a full queue", "EAGAIN"},
    {"connect() to a full queue: edge", "OUT HUP"},
    {"bytes with a descriptor, then bytes: recvmsg(), recvmsg()", "4 and a descriptor, 4"},
    {"bytes, then bytes with a descriptor: recvmsg()", "8 and a descriptor"},
    {"4 bytes, then 4 with a descriptor: MSG_PEEK into 3, 4, 7 and 8 bytes before unmapped memory",
     "EFAULT, 4, 4, 8 and a descriptor"},
    {"one packet at a time until EAGAIN: each send()", "whole"},
    {"one packet whenever poll() says POLLOUT: each send()", "whole"},
    {"a send() of several packets into a peer that closes meanwhile", "a part, and no error"},
    {"SO_SNDBUF of a listening socket: the accepted one has", "the default"},
    {"connect() of a datagram socket to a path: bound, listening, without a process",
     "EPROTOTYPE, EPROTOTYPE, ECONNREFUSED"},
    {"connect() of a datagram socket to a path: accept() there", "EAGAIN"},
    {"fchmod(0) of the descriptor, then bind(): the mode of the file", "0"},
};

Stage::Pair unix_pair(Stage& stage) {
  std::array<int, 2> ends{-1, -1};
  (void)::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data());
  return {Socket(stage, Who::client, Descriptor(ends[0])), Socket(stage, Who::server, Descriptor(ends[1]))};
}

/// Returns a pair whose server has answered 6 bytes and has 10 unread ones.
Stage::Pair answered_unread(Stage& stage) {
  Stage::Pair pair = unix_pair(stage);
  pair.client.send(10);
  pair.server.send(6);
  return pair;
}

Socket unix_socket(Stage& stage, Who who, int type = SOCK_STREAM) {
  return {stage, who, Descriptor(::socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))};
}

/// Listens on an abstract name that the kernel chooses (unix(7), autobind).
Socket unix_listener(Stage& stage, int backlog) {
  Socket listening = unix_socket(stage, Who::server);
  const sa_family_t family = AF_UNIX;
  // Without a name nothing can connect, and the rows differ.
  static_cast<void>(::bind(listening.fd(), reinterpret_cast<const sockaddr*>(&family), sizeof family));
  listening.listen(backlog);
  return listening;
}

void play_unix_ends(Stage& stage) {
  {
    stage.scene("close() with unread input");
    Stage::Pair pair = answered_unread(stage);
    pair.server.close();
    stage.see("close() with unread input: recv(), recv(), recv()",
              in_order({pair.client.recv(100), pair.client.recv(100), pair.client.recv(100)}));
  }
  {
    stage.scene("close() with nothing unread");
    Stage::Pair pair = unix_pair(stage);
    pair.server.send(6);
    pair.server.close();
    stage.see("close() with nothing unread: recv(), recv()", in_order({pair.client.recv(100), pair.client.recv(100)}));
  }
  {
    stage.scene("SHUT_WR and close() with unread input");
    Stage::Pair pair = answered_unread(stage);
    pair.server.shutdown(SHUT_WR);
    pair.server.close();
    stage.see("SHUT_WR and close() with unread input: recv(), recv(), recv()",
              in_order({pair.client.recv(100), pair.client.recv(100), pair.client.recv(100)}));
  }
  {
    stage.scene("close() with unread input, the client sends first");
    Stage::Pair pair = answered_unread(stage);
    pair.server.close();
    stage.see("close() with unread input: send(), then recv(), recv(), recv()",
              in_order({pair.client.send(1), pair.client.recv(100), pair.client.recv(100), pair.client.recv(100)}));
  }
  {
    stage.scene("SO_LINGER {1,0} and close()");
    Stage::Pair pair = unix_pair(stage);
    pair.server.linger(true, 0);
    pair.server.close();
    stage.see("SO_LINGER {1,0} and close(): recv(), recv()", in_order({pair.client.recv(100), pair.client.recv(100)}));
  }
  stage.scene("a full queue, and its sender closes with unread input");
  Stage::Pair pair = unix_pair(stage);
  pair.client.send(10);
  const std::string all = std::to_string(pair.server.fill()) + " bytes";
  pair.server.close();
  const std::string read = pair.client.read_to_end();
  const std::size_t comma = read.find(", ");
  stage.see("a full queue, and its sender closes with unread input: the peer reads",
            (read.substr(0, comma) == all ? "all" : "a part") + read.substr(comma));
}

void play_unix_events(Stage& stage) {
  {
    stage.scene("the peer half-closes, then closes");
    Stage::Pair pair = unix_pair(stage);
    Edges edges(pair.client.fd());
    edges.settle();
    pair.server.shutdown(SHUT_WR);
    stage.see("the peer's SHUT_WR: edge", edges.next());
    pair.server.close();
    stage.see("the peer's close(): edge", edges.next());
  }
  stage.scene("SIOCOUTQ");
  Stage::Pair pair = unix_pair(stage);
  pair.client.send(1);
  const int waiting = pair.client.unacknowledged();
  stage.see("SIOCOUTQ of one unread byte", waiting > 1 ? "more than 1" : std::to_string(waiting));
  pair.server.recv(1);
  stage.see("SIOCOUTQ once it is read", std::to_string(pair.client.unacknowledged()));
}

void play_unix_connect(Stage& stage) {
  {
    stage.scene("connect() to a full queue");
    const Socket listening = unix_listener(stage, 0);
    Socket first = unix_socket(stage, Who::client);
    first.connect(listening.local());
    Socket second = unix_socket(stage, Who::client);
    stage.see("connect() to a full queue", second.connect(listening.local()));
    stage.see("connect() to a full queue: edge", Edges(second.fd()).next());
  }
  {
    stage.scene("SO_SNDBUF of a listening socket");
    Socket listening = unix_listener(stage, 4);
    const auto size_of = [](const Socket& socket) {
      int size = 0;
      socklen_t length = sizeof size;
      ::getsockopt(socket.fd(), SOL_SOCKET, SO_SNDBUF, &size, &length);
      return size;
    };
    const int standard = size_of(listening);
    listening.set(SOL_SOCKET, SO_SNDBUF, 8192, "SO_SNDBUF");
    Socket client = unix_socket(stage, Who::client);
    client.connect(listening.local());
    const Socket accepted = listening.accept();
    stage.see("SO_SNDBUF of a listening socket: the accepted one has",
              size_of(accepted) == standard ? "the default" : std::to_string(size_of(accepted)));
  }
  stage.scene("a datagram socket asks whether a path belongs to somebody");
  const auto directory = process::ScratchDirectory::make();
  if (!directory) return;
  const net::Address path = *net::Address::unix_name(directory->file("socket"));
  const auto probe = [&] { return unix_socket(stage, Who::client, SOCK_DGRAM).connect(path); };
  Socket owner = unix_socket(stage, Who::server);
  ::fchmod(owner.fd(), 0);
  owner.bind(path);
  struct stat status{};
  ::lstat(path.unix_name().c_str(), &status);
  stage.see("fchmod(0) of the descriptor, then bind(): the mode of the file", std::to_string(status.st_mode & 07777));
  ::chmod(path.unix_name().c_str(), 0600);
  const std::string bound = probe();
  owner.listen(1);
  const std::string listening = probe();
  stage.see("connect() of a datagram socket to a path: accept() there",
            outcome_of(::accept4(owner.fd(), nullptr, nullptr, SOCK_CLOEXEC)));
  owner.close();
  stage.see("connect() of a datagram socket to a path: bound, listening, without a process",
            in_order({bound, listening, probe()}));
}

void send_with_descriptor(const Socket& socket, std::size_t bytes) {
  const std::vector<std::byte> data(bytes, std::byte{'x'});
  std::vector<Descriptor> descriptors;
  descriptors.emplace_back(::dup(STDERR_FILENO));
  (void)net::send_with_descriptors(socket.fd(), data, descriptors);
}

std::string received_text(ssize_t got, const msghdr& message) {
  const std::string outcome = outcome_of(got);
  // The caller gave no room for the descriptor, and the kernel sets MSG_CTRUNC.
  return outcome + (got > 0 && (message.msg_flags & MSG_CTRUNC) != 0 ? " and a descriptor" : "");
}

/// Receives a message into `room` bytes. With `wall`, the buffer has one more byte, whose address is invalid.
std::string receive_message(Stage& stage, const Socket& socket, std::size_t room, int flags, bool wall) {
  std::string bytes(room, '\0');
  std::array<iovec, 2> parts{iovec{bytes.data(), bytes.size()}, iovec{nullptr, 1}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = wall ? 2 : 1;
  const ssize_t got = ::recvmsg(socket.fd(), &message, flags | MSG_DONTWAIT);
  std::string text = received_text(got, message);
  stage.note(Who::server, EventKind::call, "recvmsg(" + std::to_string(room) + ") = " + text);
  return text;
}

void play_unix_descriptors(Stage& stage) {
  {
    stage.scene("bytes with a descriptor, then bytes");
    const Stage::Pair pair = unix_pair(stage);
    send_with_descriptor(pair.client, 4);
    ::send(pair.client.fd(), "more", 4, MSG_NOSIGNAL);
    stage.see("bytes with a descriptor, then bytes: recvmsg(), recvmsg()",
              in_order({receive_message(stage, pair.server, 100, 0, false),
                        receive_message(stage, pair.server, 100, 0, false)}));
  }
  stage.scene("bytes, then bytes with a descriptor");
  const Stage::Pair pair = unix_pair(stage);
  ::send(pair.client.fd(), "less", 4, MSG_NOSIGNAL);
  send_with_descriptor(pair.client, 4);
  stage.see("4 bytes, then 4 with a descriptor: MSG_PEEK into 3, 4, 7 and 8 bytes before unmapped memory",
            in_order({receive_message(stage, pair.server, 3, MSG_PEEK, true),
                      receive_message(stage, pair.server, 4, MSG_PEEK, true),
                      receive_message(stage, pair.server, 7, MSG_PEEK, true),
                      receive_message(stage, pair.server, 8, MSG_PEEK, true)}));
  stage.see("bytes, then bytes with a descriptor: recvmsg()", receive_message(stage, pair.server, 100, 0, false));
}

void play_unix_packets(Stage& stage) {
  {
    stage.scene("one packet at a time");
    const Stage::Pair pair = unix_pair(stage);
    const std::vector<char> packet(net::most_in_one_send(pair.client.fd()), 'x');
    std::string seen = "whole";
    for (int count = 0; count < 10'000; ++count) {
      const ssize_t sent = ::send(pair.client.fd(), packet.data(), packet.size(), MSG_NOSIGNAL);
      if (sent < 0) break;
      if (sent != static_cast<ssize_t>(packet.size())) seen = "a part";
    }
    stage.note(Who::client, EventKind::call, "send(" + std::to_string(packet.size()) + ") until " + errno_name(errno));
    stage.see("one packet at a time until EAGAIN: each send()", seen);
  }
  {
    stage.scene("one packet whenever there is POLLOUT");
    const Stage::Pair pair = unix_pair(stage);
    const std::vector<char> packet(net::most_in_one_send(pair.client.fd()), 'x');
    std::string seen = "whole";
    pollfd room{pair.client.fd(), POLLOUT, 0};
    while (::poll(&room, 1, 0) == 1 && seen == "whole")
      if (::send(pair.client.fd(), packet.data(), packet.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(packet.size()))
        seen = "a part, or an error";
    stage.see("one packet whenever poll() says POLLOUT: each send()", seen);
  }
  // A send() that waits for room finds its peer gone.
  stage.scene("a send() of several packets into a peer that closes meanwhile");
  Stage::Pair pair = unix_pair(stage);
  pair.client.set_blocking(true);
  const std::vector<char> much(4U << 20U, 'x');
  std::string sent;
  std::thread sender([&] { sent = outcome_of(::send(pair.client.fd(), much.data(), much.size(), MSG_NOSIGNAL)); });
  pair.server.wait_unread(1 << 16);
  // Waits until the sender blocks: the count of unread bytes no longer grows.
  for (int before = -1; before != pair.server.unread();) {
    before = pair.server.unread();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  pair.server.close();
  sender.join();
  stage.note(Who::client, EventKind::call, "send(4194304) = " + sent);
  stage.see("a send() of several packets into a peer that closes meanwhile", sent.front() == 'E' ? sent
                                                                             : sent == std::to_string(much.size())
                                                                                 ? "all"
                                                                                 : "a part, and no error");
}

void play_unix_sockets(Stage& stage) {
  play_unix_ends(stage);
  play_unix_events(stage);
  play_unix_connect(stage);
  play_unix_descriptors(stage);
  play_unix_packets(stage);
}

}  // namespace

const Experiment kUnixSockets{
    .name = "unix-sockets",
    .title = "How UNIX stream sockets end differently from TCP's",
    .question =
        "A UNIX stream socket closes with unread input, half-closes, sets SO_LINGER, and sends packets and "
        "descriptors. Its peer reads, sends and polls. There is no network, and so no segments.",
    .table = kUnixTable,
    .finding =
        "Bytes that send() has taken always arrive, even before a reset. SO_LINGER {1,0} resets nothing. The peer gets "
        "a reset even after a FIN. A send() that waits in the middle does not report the error of its later packets.",
    .advice =
        "Send one packet at a time (at most a third of SO_SNDBUF). After EAGAIN from connect(), do not wait for "
        "readiness: try again by a timer.",
    .no_veth = "UNIX sockets pass no network interface",
    .play = play_unix_sockets,
};

}  // namespace lastbyte::lab
