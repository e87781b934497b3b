// A scene of one client, the proxy and one server: most tests of the contract use it.
#pragma once

#include <string>
#include <string_view>

#include "peers/peer.h"
#include "tests/harness/proxy.h"
#include "tests/harness/record.h"
#include "tests/harness/script.h"

namespace lastbyte::system_test {

using peers::Client;
using peers::Meeting;
using peers::Observed;
using peers::PeerOptions;
using peers::script;
using peers::Script;
using peers::Server;

/// Starts a server. The test fails if it cannot.
Server start_server(std::string_view text, const PeerOptions& options = {},
                    std::optional<std::uint32_t> connections = 1);

struct Played {
  Observed client;
  Observed server;
  Record record;

  /// Describes both peers for the reader of a failure.
  [[nodiscard]] std::string text() const;
};

/// Runs both scripts with a proxy of their own in between, until the session's record has been written.
Played play(std::string_view client, std::string_view server, const Flags& flags = {}, PeerOptions options = {});

/// As play(), for clients that may go before the proxy reaches the server (T3): then `server` is not connected.
Played play_whoever_comes(std::string_view client, std::string_view server, const Flags& flags = {},
                          PeerOptions options = {});

/// For sessions that end well: both scripts ran as written, every byte was right, and the record agrees with the peers
/// to the byte.
void expect_complete(const Played& played);
/// However the session ended, the record's counts agree with what the peers sent and received (T11).
void expect_counts_agree(const Played& played);

}  // namespace lastbyte::system_test
