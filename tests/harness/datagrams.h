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

/// The kernel chooses the port.
inline const net::Address kLoopback = *net::Address::parse("127.0.0.1", 0);

struct Datagram {
  std::string bytes;
  net::Address from;
};

/// A UDP socket with blocking receives.
class UdpSocket {
 public:
  /// Without a port in `bind`, the kernel chooses one.
  explicit UdpSocket(const net::Address& bind = kLoopback);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const net::Address& address() const { return address_; }
  /// Receives only from `to` afterwards, and gets ICMP errors.
  void connect(const net::Address& to) const;
  /// The test fails if the kernel refuses the send. `segment`: sends several datagrams of that size (UDP_SEGMENT).
  void send(const net::Address& to, const std::string& bytes, std::uint16_t segment = 0) const;
  /// nullopt: nothing came within `patience`.
  [[nodiscard]] std::optional<Datagram> receive(milliseconds patience = kPatience) const;
  /// Sends and waits for the answer; "" if none comes.
  [[nodiscard]] std::string ask(const net::Address& to, const std::string& bytes) const;

 private:
  Descriptor fd_;
  net::Address address_;
};

/// Answers every datagram, on a thread of its own.
class UdpServer {
 public:
  using Answer = std::function<std::string(const std::string&)>;
  /// Sends back the same bytes unless `answer` returns others.
  explicit UdpServer(Answer answer = {}, const net::Address& bind = kLoopback);
  ~UdpServer();
  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;

  [[nodiscard]] const net::Address& address() const { return socket_.address(); }

 private:
  UdpSocket socket_;
  std::jthread thread_;
};

/// Returns the YAML of one forwarding. `more` has lines of it, without indentation.
std::string udp_forwarding(const net::Address& listen, const net::Address& upstream,
                           const std::vector<std::string>& more = {});
/// Returns options with these forwardings and an idle limit short enough for a test.
Proxy::Options udp_options(const std::vector<std::string>& forwardings, const Flags& flags = {});

struct DatagramSide {
  std::string address, error;
  std::uint64_t datagrams = 0, bytes = 0, dropped_datagrams = 0, dropped_bytes = 0;
};

struct DatagramRecord {
  std::string line, forwarding, end, summary;
  DatagramSide client, upstream;
};

/// Waits for the records of `count` sessions and returns them.
std::vector<DatagramRecord> datagram_records(Proxy& proxy, std::size_t count);

}  // namespace lastbyte::system_test
