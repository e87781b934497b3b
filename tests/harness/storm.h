// Clients that connect without a pause: a reload must not disturb them (T15).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/address/address.h"

namespace lastbyte::system_test {

/// Returns a loopback port without a listener; `ip` is 127.0.0.1 or ::1.
net::Address free_address(const std::string& ip = "127.0.0.1");

/// Has a short conversation with an echo server. Returns "", or why it failed. A retransmitted SYN is a failure, too:
/// the client waited for a second.
std::string converse_once(const net::Address& to);

/// Clients that connect, talk and end without a pause, until destruction. The test fails if one fails, except for a
/// single lost SYN.
class Storm {
 public:
  explicit Storm(const net::Address& to, unsigned threads = 3);
  ~Storm();
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

  /// Waits until `more` more clients have finished.
  void wait_for(std::uint64_t more);

 private:
  std::atomic<bool> over_{false};
  std::atomic<std::uint64_t> count_{0};
  std::mutex mutex_;
  std::vector<std::string> failures_;
  std::vector<std::thread> threads_;
};

}  // namespace lastbyte::system_test
