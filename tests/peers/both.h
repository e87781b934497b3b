// A client and a server that meet directly, with nothing in between.
#pragma once

#include <string_view>

#include "check/peer.h"

namespace lastbyte::check {

/// The test fails where the text is no script.
Script script(std::string_view text);

struct Both {
  Observed client;
  Observed server;
};

/// Plays both scripts against each other, with a meeting of their own.
Both run(std::string_view client_text, std::string_view server_text, PeerOptions options = {});

}  // namespace lastbyte::check
