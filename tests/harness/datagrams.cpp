#include "tests/harness/datagrams.h"

#include <gtest/gtest.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "net/socket/calls.h"

namespace lastbyte::system_test {
namespace {

using Json = nlohmann::json;

constexpr milliseconds kSoon{20};

DatagramSide side(const Json& json) {
  return {.address = json.at("address"),
          .error = json.at("error").is_null() ? std::string() : json.at("error").get<std::string>(),
          .datagrams = json.at("datagrams"),
          .bytes = json.at("bytes"),
          .dropped_datagrams = json.at("dropped_datagrams"),
          .dropped_bytes = json.at("dropped_bytes")};
}

DatagramRecord datagram_record(const std::string& line) {
  const Json json = Json::parse(line);
  return {.line = line,
          .forwarding = json.at("forwarding"),
          .end = json.at("end"),
          .summary = json.at("summary"),
          .client = side(json.at("client")),
          .upstream = side(json.at("upstream"))};
}

}  // namespace

UdpSocket::UdpSocket(const net::Address& bind) : fd_(::socket(bind.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  const int room = 4 << 20;
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  EXPECT_EQ(::bind(fd_.get(), bind.data(), bind.size()), 0) << std::strerror(errno);
  address_ = net::local_address(fd_.get());
}

void UdpSocket::connect(const net::Address& to) const { EXPECT_EQ(::connect(fd_.get(), to.data(), to.size()), 0); }

void UdpSocket::send(const net::Address& to, const std::string& bytes, std::uint16_t segment) const {
  std::string copy = bytes;
  iovec part{copy.data(), copy.size()};
  net::Address name = to;
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(name.data());
  message.msg_namelen = name.size();
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof segment)> control{};
  if (segment != 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof segment);
    std::memcpy(CMSG_DATA(header), &segment, sizeof segment);
  }
  EXPECT_EQ(::sendmsg(fd_.get(), &message, 0), static_cast<ssize_t>(bytes.size())) << std::strerror(errno);
}

std::optional<Datagram> UdpSocket::receive(milliseconds patience) const {
  pollfd wanted{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  if (::poll(&wanted, 1, static_cast<int>(patience.count())) <= 0) return std::nullopt;
  std::string bytes(70'000, '\0');
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  const auto got =
      ::recvfrom(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &length);
  if (got < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(got));
  return Datagram{bytes, net::Address::from_kernel(reinterpret_cast<sockaddr*>(&from), length)};
}

std::string UdpSocket::ask(const net::Address& to, const std::string& bytes) const {
  send(to, bytes);
  const auto answer = receive();
  return answer ? answer->bytes : std::string();
}

UdpServer::UdpServer(Answer answer, const net::Address& bind)
    : socket_(bind), thread_([this, answer = std::move(answer)](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          const auto asked = socket_.receive(kSoon);
          if (asked) socket_.send(asked->from, answer ? answer(asked->bytes) : asked->bytes);
        }
      }) {}

UdpServer::~UdpServer() { thread_.request_stop(); }

std::string udp_forwarding(const net::Address& listen, const net::Address& upstream,
                           const std::vector<std::string>& more) {
  std::string text = "  - listen: udp:" + listen.text() + "\n    connect: udp:" + upstream.text() + "\n";
  for (const std::string& line : more) text += "    " + line + "\n";
  return text;
}

Proxy::Options udp_options(const std::vector<std::string>& forwardings, const Flags& flags) {
  Proxy::Options options;
  options.config = "defaults:\n  limits:\n    datagram-idle: 400ms\nforwardings:\n";
  for (const std::string& each : forwardings) options.config += each;
  options.flags = flags;
  return options;
}

std::vector<DatagramRecord> datagram_records(Proxy& proxy, std::size_t count) {
  std::vector<DatagramRecord> records;
  for (const std::string& line : proxy.lines(count)) {
    try {
      records.push_back(datagram_record(line));
    } catch (const Json::exception& wrong) {
      ADD_FAILURE() << wrong.what() << " in: " << line;
    }
  }
  records.resize(count);
  return records;
}

}  // namespace lastbyte::system_test
