// Scenes over every pair of stream sockets: the same scripts, whether a leg is TCP or UNIX (T14).
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "net/address/endpoint.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {

/// What the client, and what the upstream, is reached by.
struct Way {
  net::Transport client = net::Transport::tcp;
  net::Transport upstream = net::Transport::tcp;
};

std::string way_name(const ::testing::TestParamInfo<Way>& info);

/// tcp->unix, unix->tcp, unix->unix.
const std::vector<Way>& ways_with_unix();

/// As play(), over this way.
Played play_over(const Way& way, std::string_view client, std::string_view server, const Flags& flags = {});

/// A listening UNIX socket below `directory`.
struct UnixServer {
  explicit UnixServer(const TemporaryDirectory& directory, const std::string& name = "server.sock", int backlog = 64);
  explicit UnixServer(const net::Address& at, int backlog = 64);
  /// Blocking. The test fails where nobody comes.
  [[nodiscard]] Descriptor accept() const;

  net::Address address;
  Descriptor listening;
};

/// Blocking, connected; with 20 s for every call, after which it says EAGAIN.
Descriptor connect_to(const net::Address& address);

/// Whether this kernel lets a UNIX socket refuse descriptors (SO_PASSRIGHTS, since Linux 6.16).
bool can_forbid_descriptors();

/// Reads to the end; how it ended: "fin", or the name of the errno.
struct ReadToEnd {
  std::string bytes;
  std::string end;
};
ReadToEnd read_to_end(const Descriptor& socket);
void send_all(const Descriptor& socket, std::string_view bytes);

}  // namespace lastbyte::system_test
