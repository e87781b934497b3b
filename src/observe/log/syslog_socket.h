// The socket to a receiver of syslog messages: datagrams over UNIX (syslog(3)) or UDP (RFC 5426). Nothing here waits.
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
  /// Connects where the receiver is there; it may come later.
  static Result<SyslogSocket> open(const net::Address& receiver);

  /// One message. 0, or the errno: EAGAIN where the receiver is behind (poll fd() for POLLOUT). A receiver that was
  /// started anew is connected to again.
  int send(std::string_view message);
  /// Earlier messages that the receiver's host has reported as undeliverable by ICMP, since the last call.
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
