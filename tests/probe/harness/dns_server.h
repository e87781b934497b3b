// A real DNS server for tests: Debian's knot, authoritative for the zone "example". A test can change its records.
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
  /// Returns whether knot is installed.
  static bool possible();

  /// `records`: lines of a zone file, "a 60 A 10.0.0.1". The constructor returns when the server answers; otherwise the
  /// test fails. `port` 0: a free port. The zone's SOA has a TTL and a minimum of `negative_ttl` seconds.
  explicit DnsServer(const std::string& records, int negative_ttl = 1, const std::string& ip = "127.0.0.1",
                     std::uint16_t port = 0);
  ~DnsServer() = default;

  /// Replaces the records. Returns when the server uses them.
  void set(const std::string& records);
  /// Ends the server. Its port then refuses connections.
  void stop();
  /// SIGSTOP and SIGCONT: the server does not answer in between.
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
