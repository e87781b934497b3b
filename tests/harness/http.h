// An HTTP client for tests: one request per connection, over TCP or a UNIX socket, with any bytes.
#pragma once

#include <string>
#include <vector>

#include "base/descriptor.h"
#include "net/address/address.h"

namespace lastbyte::test {

struct HttpAnswer {
  int status = 0;  ///< 0: no answer came
  std::string head;
  std::string body;

  /// "": there is no such header.
  [[nodiscard]] std::string header(const std::string& name) const;
};

/// The socket blocks; a call fails after 20 s.
Descriptor connect_to(const net::Address& address);
void send_all(const Descriptor& socket, const std::string& bytes);
/// Reads until the other side has ended, or 20 s have passed.
std::string read_all(const Descriptor& socket);

/// `headers` are whole lines without line ends, besides Host and Connection.
HttpAnswer http(const net::Address& at, const std::string& method, const std::string& target,
                const std::vector<std::string>& headers = {}, const std::string& body = "");
HttpAnswer parse_answer(const std::string& bytes);

}  // namespace lastbyte::test
