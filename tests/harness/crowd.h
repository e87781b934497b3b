// Thousands of connections at once, more than possible threads: small, blocking clients, and an echo server.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "net/address/address.h"

namespace lastbyte::system_test {

/// Echoes everything, and sends its FIN after the client's, for any number of clients. Runs on a thread of its own.
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
  std::vector<Descriptor> connections_;  ///< index: the descriptor's number
  std::vector<std::vector<char>> owed_;  ///< index: the descriptor's number; bytes that could not be sent back yet
  std::thread thread_;
};

/// Connects one client after another. The test fails if one cannot connect.
std::vector<Descriptor> connect_crowd(const net::Address& to, std::size_t count);

/// Each client sends 16 bytes and receives them back.
void converse(const std::vector<Descriptor>& crowd);

/// Ends all connections in a random order: half of them by a reset at a random moment (before, during or after a
/// conversation), the others by a FIN, which the server answers.
void end_at_random(std::vector<Descriptor> crowd, std::mt19937& random);

/// Returns how many sessions a test may have open at once with both ends in this process: at most `wanted`, fewer if
/// the limit on descriptors is lower. Raises the soft limit to the hard one.
std::size_t affordable_sessions(std::size_t wanted);

}  // namespace lastbyte::system_test
