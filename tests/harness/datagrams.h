// UDP peers for tests, and the records of sessions of datagrams.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "net/address/address.h"
#include "tests/harness/proxy.h"

namespace lastbyte::system_test {

/// With a port of the kernel's choice.
inline const net::Address kLoopback = *net::Address::parse("127.0.0.1", 0);

struct Datagram {
  std::string bytes;
  net::Address from;
};

/// A UDP socket whose receives wait.
class UdpSocket {
 public:
  /// Bound to a port of the kernel's choice where the address has none.
  explicit UdpSocket(const net::Address& bind = kLoopback);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const net::Address& address() const { return address_; }
  /// Hears only `to` from now on, and is told of ICMP errors.
  void connect(const net::Address& to) const;
  /// The test fails where the kernel does not take it. `segment`: several datagrams of that size (UDP_SEGMENT).
  void send(const net::Address& to, const std::string& bytes, std::uint16_t segment = 0) const;
  /// nullopt: nothing came.
  [[nodiscard]] std::optional<Datagram> receive(milliseconds patience = kPatience) const;
  /// Sends and waits for the answer; "" where none comes.
  [[nodiscard]] std::string ask(const net::Address& to, const std::string& bytes) const;

 private:
  Descriptor fd_;
  net::Address address_;
};

/// Answers every datagram on a thread of its own.
class UdpServer {
 public:
  using Answer = std::function<std::string(const std::string&)>;
  /// The same bytes unless `answer` says otherwise.
  explicit UdpServer(Answer answer = {}, const net::Address& bind = kLoopback);
  ~UdpServer();
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;

  [[nodiscard]] const net::Address& address() const { return socket_.address(); }

 private:
  UdpSocket socket_;
  std::jthread thread_;
};

/// YAML of one forwarding; `more`: lines of its own, without indentation.
std::string udp_forwarding(const net::Address& listen, const net::Address& upstream,
                           const std::vector<std::string>& more = {});
/// Forwardings with an idle limit that a test can wait for.
Proxy::Options udp_options(const std::vector<std::string>& forwardings, const Flags& flags = {});

struct DatagramSide {
  std::string address, error;
  std::uint64_t datagrams = 0, bytes = 0, dropped_datagrams = 0, dropped_bytes = 0;
};

struct DatagramRecord {
  std::string line, forwarding, end, summary;
  DatagramSide client, upstream;
};

/// The records of `count` sessions, once there are so many.
std::vector<DatagramRecord> datagram_records(Proxy& proxy, std::size_t count);

}  // namespace lastbyte::system_test
