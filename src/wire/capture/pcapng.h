// Captured packets as a file that Wireshark and tshark read (draft-ietf-opsawg-pcapng). Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/capture/capture.h"

namespace lastbyte::wire {

/// A packet with words that a reader finds beside it.
struct Commented {
  Packet packet;
  std::string comment = {};  ///< UTF-8; empty: none
};

/// `interface`: its name; `about`: a comment on the whole file.
std::string pcapng(std::string_view interface, std::string_view about, std::span<const Commented> packets);

}  // namespace lastbyte::wire
