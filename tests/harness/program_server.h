// Servers by other authors, on ports of their own, and data to send through them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/address/address.h"
#include "tests/harness/process.h"
#include "tests/harness/proxy.h"

namespace lastbyte::system_test {

/// Skips its tests if one of the programs is not installed.
class NeedsPrograms : public ::testing::Test {
 protected:
  explicit NeedsPrograms(std::vector<std::string> programs) : programs_(std::move(programs)) {}
  void SetUp() override;

 private:
  std::vector<std::string> programs_;
};

/// A program that listens on one port of 127.0.0.1. The destructor kills it.
class ProgramServer {
 public:
  /// Starts `command(port)` with a free port and waits until it listens there. The test fails if it does not.
  explicit ProgramServer(const std::function<Command(std::uint16_t port)>& command);

  [[nodiscard]] const net::Address& address() const { return address_; }
  [[nodiscard]] std::string port() const { return std::to_string(address_.port()); }
  Process& process() { return *process_; }

 private:
  bool listens_or_ended();

  std::unique_ptr<Process> process_;
  net::Address address_;
};

/// Waits for the records of `sessions` sessions and expects that all are complete.
void expect_complete_records(Proxy& proxy, std::size_t sessions);

/// Returns bytes that never repeat, so that lost, doubled or swapped bytes show.
std::string payload(std::size_t bytes, std::uint64_t seed = 1);

/// For texts too long to print.
::testing::AssertionResult same_bytes(const std::string& got, const std::string& wanted);

}  // namespace lastbyte::system_test
