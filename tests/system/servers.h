// Real servers, each on a port of its own, in a directory of its own.
#pragma once

#include <memory>
#include <string>

#include "net/address.h"
#include "process.h"

namespace lastbyte::system_test {

/// A program that listens.
struct RunningServer {
  std::unique_ptr<TemporaryDirectory> directory;
  std::unique_ptr<Process> process;
  net::Address address;
};

/// nginx with WebDAV uploads (PUT) into its document root `directory`/root, bodies of at most `most_body` bytes; larger
/// ones are answered with 413. `more` is added to the server block.
RunningServer start_nginx(const std::string& most_body, const std::string& more = "");

RunningServer start_redis();

/// socat, which runs `command` for each connection with the connection as its input and output, and half-closes.
RunningServer start_socat(const std::string& command);

}  // namespace lastbyte::system_test
