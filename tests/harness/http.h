// HTTP for tests: one request a connection, over TCP or a UNIX socket, and whatever bytes a test likes to send.
#pragma once

#include <string>
#include <vector>

#include "base/descriptor.h"
#include "net/address/address.h"

namespace lastbyte::test {

struct HttpAnswer {
  int status = 0;  ///< 0: none came
  std::string head;
  std::string body;

  /// "": it is not there.
  [[nodiscard]] std::string header(const std::string& name) const;
};

/// Blocking; a call ends after 20 s.
Descriptor connect_to(const net::Address& address);
void send_all(const Descriptor& socket, const std::string& bytes);
/// Until the other side has ended, or 20 s have passed.
std::string read_all(const Descriptor& socket);

/// `headers`: whole lines without their ends, beside Host and Connection.
HttpAnswer http(const net::Address& at, const std::string& method, const std::string& target,
                const std::vector<std::string>& headers = {}, const std::string& body = "");
HttpAnswer parse_answer(const std::string& bytes);

}  // namespace lastbyte::test
