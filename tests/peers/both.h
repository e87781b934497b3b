// A client and a server that meet directly, with nothing in between.
#pragma once

#include <string_view>

#include "peers/peer.h"
#include "tests/harness/script.h"

namespace lastbyte::peers {

struct Both {
  Observed client;
  Observed server;
};

/// Plays both scripts against each other, with a meeting of their own.
Both run(std::string_view client_text, std::string_view server_text, PeerOptions options = {});

}  // namespace lastbyte::peers
