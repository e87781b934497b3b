// Thousands of connections at once: more than there can be threads. Small, blocking clients, and a server that sends
// everything back.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "net/address/address.h"

namespace lastbyte::system_test {

/// Sends back what it receives, and its FIN after the client's, to as many clients as come. On a thread of its own.
class EchoServer {
 public:
  EchoServer();
  ~EchoServer();
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  [[nodiscard]] net::Address address() const { return address_; }

 private:
  struct Connection;
  void serve();
  void accept_all();
  void echo(int fd);

  Descriptor listening_;
  Descriptor epoll_;
  Descriptor stop_;
  net::Address address_;
  std::vector<Descriptor> connections_;  ///< by number
  std::vector<std::vector<char>> owed_;  ///< by number: what could not be sent back yet
  std::thread thread_;
};

/// Connects one after the other; the test fails where one cannot.
std::vector<Descriptor> connect_crowd(const net::Address& to, std::size_t count);

/// Each says 16 bytes and gets them back.
void converse(const std::vector<Descriptor>& crowd);

/// All end in a random order: half of them by a reset at a random moment (before, in the middle of or after a
/// conversation), the others by a FIN that is answered.
void end_at_random(std::vector<Descriptor> crowd, std::mt19937& random);

/// How many sessions a test may have open at once, with both their ends in this process: at most `wanted`, fewer where
/// the limit on descriptors is lower. Raises the soft limit to the hard one.
std::size_t affordable_sessions(std::size_t wanted);

}  // namespace lastbyte::system_test
