// Writes captured packets as a file that Wireshark and tshark read (draft-ietf-opsawg-pcapng). Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/capture/capture.h"

namespace lastbyte::wire {

/// A packet and the comment that Wireshark shows beside it.
struct Commented {
  Packet packet;
  std::string comment = {};  ///< UTF-8; empty: none
};

/// `interface`: the interface's name; `about`: a comment on the whole file.
std::string pcapng(std::string_view interface, std::string_view about, std::span<const Commented> packets);

}  // namespace lastbyte::wire
