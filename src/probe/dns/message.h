// Parses a DNS message (RFC 1035): the addresses or SRV records that a question asked for, and their time to live.
// Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/address/address.h"

namespace lastbyte::probe::dns {

enum class RecordType : std::uint8_t { a, aaaa, srv };

/// One SRV record (RFC 2782).
struct Target {
  std::uint16_t priority = 0;
  std::uint16_t weight = 0;
  std::uint16_t port = 0;
  std::string host;  ///< without the root's dot

  friend bool operator==(const Target&, const Target&) = default;
};

/// At least one record.
struct Records {
  std::vector<net::Address> addresses = {};  ///< of A or AAAA, port 0, in the order of the message
  std::vector<Target> targets = {};          ///< of SRV
  std::chrono::seconds ttl{0};               ///< the least of the records and of the CNAMEs that led to them
};

/// The name does not exist, or it has no record of this type.
struct Negative {
  bool name_exists = false;
  /// How long the answer is valid: the least of the SOA's TTL, its MINIMUM (RFC 2308 section 5), and the TTLs of the
  /// CNAMEs that led there. nullopt: the message has none of these.
  std::optional<std::chrono::seconds> ttl = {};
};

/// No answer: the server failed or refused, or the message is malformed.
struct Broken {
  std::string why;
};

using Message = std::variant<Records, Negative, Broken>;

/// Returns what a response says about its own question. It follows at most 16 CNAMEs within the message.
Message read_message(std::span<const std::byte> message, RecordType type);

/// "A", "AAAA", "SRV".
std::string_view name(RecordType);
/// Returns the type's number in <arpa/nameser.h>.
int number(RecordType);

}  // namespace lastbyte::probe::dns
