// The receiver of syslog messages, as a user writes it. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "net/address/address.h"

namespace lastbyte::net {

/// "syslog" (/dev/log), "syslog:unix:/PATH" or "syslog:udp:ADDRESS:PORT"; nullopt: the text does not name a syslog
/// receiver. A host's name is an error: to look it up, the log would have to wait.
std::optional<Result<Address>> parse_syslog_receiver(std::string_view text);

}  // namespace lastbyte::net
