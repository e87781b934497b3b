// Sends messages to a syslog receiver: datagrams over UNIX (syslog(3)) or UDP (RFC 5426). Never waits.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::observe {

class SyslogSocket {
 public:
  /// Connects if the receiver exists. It may also start later.
  static Result<SyslogSocket> open(const net::Address& receiver);

  /// Sends one message. Returns 0 or the errno. EAGAIN: the receiver is behind (poll fd() for POLLOUT). Connects again
  /// to a receiver that has restarted.
  int send(std::string_view message);
  /// Number of earlier messages, since the last call, that the receiver's host reported as undeliverable by ICMP.
  std::uint64_t take_refused() { return std::exchange(refused_, 0); }

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool is_unix() const { return receiver_.is_unix(); }

 private:
  SyslogSocket(Descriptor fd, net::Address receiver) : fd_(std::move(fd)), receiver_(std::move(receiver)) {}
  int connect();
  int send_once(std::string_view message);

  Descriptor fd_;
  net::Address receiver_;
  bool connected_ = false;
  std::uint64_t refused_ = 0;
};

}  // namespace lastbyte::observe
