// A client and a server that are connected directly, with nothing in between.
#pragma once

#include <string_view>

#include "peers/peer.h"
#include "tests/harness/script.h"

namespace lastbyte::peers {

struct Both {
  Observed client;
  Observed server;
};

/// Plays both scripts against each other, with their own Meeting.
Both run(std::string_view client_text, std::string_view server_text, PeerOptions options = {});

}  // namespace lastbyte::peers
