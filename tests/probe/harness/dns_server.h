// A real DNS server for tests: Debian's knot, authoritative for the zone "example", with records that a test changes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/address/address.h"
#include "process/process.h"
#include "process/scratch.h"

namespace lastbyte::probe::test {

class DnsServer {
 public:
  /// Whether knot is installed.
  static bool possible();

  /// `records`: lines of a zone file, "a 60 A 10.0.0.1". Serves once it is made; the test fails otherwise. `port` 0:
  /// one that is free. The zone's SOA has a TTL and a minimum of `negative_ttl` seconds.
  explicit DnsServer(const std::string& records, int negative_ttl = 1, const std::string& ip = "127.0.0.1",
                     std::uint16_t port = 0);
  ~DnsServer() = default;

  /// Returns once the server has these records instead.
  void set(const std::string& records);
  /// Ends the server; its port refuses.
  void stop();
  /// SIGSTOP, SIGCONT: it does not answer meanwhile.
  void pause();
  void resume();

  [[nodiscard]] net::Address address() const { return address_; }

 private:
  void write_zone(const std::string& records);
  bool start();
  bool control(const std::string& order);

  process::ScratchDirectory directory_;
  int negative_ttl_;
  net::Address address_;
  unsigned serial_ = 0;
  std::unique_ptr<process::Process> server_;
};

}  // namespace lastbyte::probe::test
