// Scenes over every pair of stream sockets: the same scripts, with each leg TCP or UNIX (T14).
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "net/address/endpoint.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {

/// The transports of the client's and the upstream's connection.
struct Way {
  net::Transport client = net::Transport::tcp;
  net::Transport upstream = net::Transport::tcp;
};

std::string way_name(const ::testing::TestParamInfo<Way>& info);

/// Returns tcp->unix, unix->tcp, unix->unix.
const std::vector<Way>& ways_with_unix();

/// As play(), over this way.
Played play_over(const Way& way, std::string_view client, std::string_view server, const Flags& flags = {});

/// A listening UNIX socket below `directory`.
struct UnixServer {
  explicit UnixServer(const TemporaryDirectory& directory, const std::string& name = "server.sock", int backlog = 64);
  explicit UnixServer(const net::Address& at, int backlog = 64);
  /// Blocks. The test fails if no client comes.
  [[nodiscard]] Descriptor accept() const;

  net::Address address;
  Descriptor listening;
};

/// Connects a blocking socket. Each call fails with EAGAIN after 20 s.
Descriptor connect_to(const net::Address& address);

/// Whether this kernel lets a UNIX socket refuse descriptors (SO_PASSRIGHTS, since Linux 6.16).
bool can_forbid_descriptors();

/// The result of reading to the end: the bytes, and "fin" or the errno's name.
struct ReadToEnd {
  std::string bytes;
  std::string end;
};
ReadToEnd read_to_end(const Descriptor& socket);
void send_all(const Descriptor& socket, std::string_view bytes);

}  // namespace lastbyte::system_test
