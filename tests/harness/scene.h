// One client, the proxy, one server: what most tests of the contract are made of.
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

/// A server that is started; the test fails where it cannot be.
Server start_server(std::string_view text, const PeerOptions& options = {},
                    std::optional<std::uint32_t> connections = 1);

struct Played {
  Observed client;
  Observed server;
  Record record;

  /// For a reader of a failure.
  [[nodiscard]] std::string text() const;
};

/// Plays both scripts with a proxy of their own between them, until the session's record has been written.
Played play(std::string_view client, std::string_view server, const Flags& flags = {}, PeerOptions options = {});

/// The same where the client may be gone before the server is reached (T3): then `server` is not connected.
Played play_whoever_comes(std::string_view client, std::string_view server, const Flags& flags = {},
                          PeerOptions options = {});

/// Both scripts went as written, every byte was right, and the record agrees with what the peers saw to the byte: for
/// sessions that end well.
void expect_complete(const Played& played);
/// The record's counts agree with what the peers sent and received, however the session ended (T11).
void expect_counts_agree(const Played& played);

}  // namespace lastbyte::system_test
