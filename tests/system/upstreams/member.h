// A group's member that tests stop, start and make reset, and its clients through lastbyte.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/descriptor.h"
#include "net/address/address.h"

namespace lastbyte::system_test {

/// A TCP server on a port of its own. It reads one line, remembers it, answers "LINE NAME\n", and ends with a FIN.
class TestMember {
 public:
  /// Listens on `ip`. `port` 0: the kernel chooses a port, which the member keeps.
  explicit TestMember(std::string name, const std::string& ip = "127.0.0.1", std::uint16_t port = 0);
  ~TestMember() { stop(); }
  TestMember(const TestMember&) = delete;
  TestMember& operator=(const TestMember&) = delete;

  /// Listens again on the same port.
  void start();
  /// Closes the listening socket: connections in its queue are reset, and new ones refused. The present session
  /// continues to its end.
  void stop();
  /// Makes the member reset each session after it has read the line.
  void set_resets(bool resets) { resets_ = resets; }

  [[nodiscard]] const net::Address& address() const { return address_; }
  [[nodiscard]] std::string endpoint() const { return "tcp:" + address_.text(); }
  /// Returns how often it has read each line.
  [[nodiscard]] std::map<std::string, int> seen() const;
  [[nodiscard]] std::size_t served() const { return served_; }

 private:
  void listen();
  void serve();
  void serve_one(const Descriptor& client);

  std::string name_;
  net::Address address_;
  Descriptor listening_;
  Descriptor stop_;  ///< an eventfd
  std::thread thread_;
  std::atomic<bool> resets_{false};
  std::atomic<std::size_t> served_{0};
  mutable std::mutex mutex_;
  std::map<std::string, int> seen_;
};

/// Sends "LINE\n" and a FIN, and reads to the end. Returns "" if it was reset or could not connect.
std::string ask(const net::Address& at, const std::string& line);

}  // namespace lastbyte::system_test
