// A member of a group that tests stop, start and make reset, and the clients that come to it through lastbyte.
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

/// A TCP server on a port of its own. It reads one line, remembers it, answers "LINE NAME\n", and ends by FIN.
class TestMember {
 public:
  /// Listens on `ip`. `port` 0: one of the kernel's choice, which it keeps.
  explicit TestMember(std::string name, const std::string& ip = "127.0.0.1", std::uint16_t port = 0);
  ~TestMember() { stop(); }
  TestMember(const TestMember&) = delete;
  TestMember& operator=(const TestMember&) = delete;

  /// Listens again on the same port.
  void start();
  /// The listening socket is closed: connections in its queue are reset, and new ones refused. The session under way is
  /// served to its end.
  void stop();
  /// Resets each session once it has read the line.
  void set_resets(bool resets) { resets_ = resets; }

  [[nodiscard]] const net::Address& address() const { return address_; }
  [[nodiscard]] std::string endpoint() const { return "tcp:" + address_.text(); }
  /// How often each line was read.
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

/// Sends "LINE\n" and a FIN, and reads to the end. "" where it was reset, or did not connect.
std::string ask(const net::Address& at, const std::string& line);

}  // namespace lastbyte::system_test
