// Clients that come without a pause: what a reload must not be noticed by (T15).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/address/address.h"

namespace lastbyte::system_test {

/// A loopback port that nobody listened on a moment ago; `ip`: 127.0.0.1 or ::1.
net::Address free_address(const std::string& ip = "127.0.0.1");

/// With somebody who sends everything back: "" or why a short conversation failed. A SYN that had to be sent again is a
/// failure, too: the client waited for a second.
std::string converse_once(const net::Address& to);

/// Clients that connect, talk and end without a pause, until the end of its life; the test fails where one fails, but
/// for a single lost SYN.
class Storm {
 public:
  explicit Storm(const net::Address& to, unsigned threads = 3);
  ~Storm();
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

  /// Until as many more have come and gone.
  void wait_for(std::uint64_t more);

 private:
  std::atomic<bool> over_{false};
  std::atomic<std::uint64_t> count_{0};
  std::mutex mutex_;
  std::vector<std::string> failures_;
  std::vector<std::thread> threads_;
};

}  // namespace lastbyte::system_test
