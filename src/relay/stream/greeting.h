// The PROXY header that a client sends ahead of its bytes (net/proxy_protocol/header.h): awaited, accepted, or refused.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "net/proxy_protocol/header.h"
#include "relay/side/preface.h"
#include "relay/terms/forwarding.h"
#include "relay/terms/record.h"

namespace lastbyte::relay {

/// The treatment of a client that has just been accepted.
enum class Welcome : std::uint8_t {
  serve,   ///< no header is read: the client is who its peer address says
  listen,  ///< the client may send a header, and is served once it has, or once none is needed
  reject,  ///< the client must send a header, but is not trusted to
};

Welcome welcome(const Forwarding& forwarding, const net::Address& peer);

/// Whether more input can follow what has arrived.
enum class Coming : std::uint8_t {
  more,
  ended,  ///< the client's FIN follows what has arrived
  late,   ///< limits.proxy-header has passed
};

struct Await {};
/// There is no header, and none is needed: all input so far is the client's own.
struct Plain {};
struct Refused {
  std::string reason;  ///< for the operator; printable ASCII
};
using Heard = std::variant<Await, Plain, net::proxy_protocol::Header, Refused>;

/// Interprets all input so far. `mode` is not off. With an optional header, the mere beginning of a signature ("PRO",
/// then a FIN or nothing) is the client's own data. Once the signature is complete, a header must follow.
Heard hear(std::span<const std::byte> so_far, ProxyHeader mode, Coming coming);

/// The most bytes that hear() needs to see.
inline constexpr std::size_t kLongestGreeting = net::proxy_protocol::kUsualLongest;

/// What one session knows from its client's PROXY header, or will tell its upstream in one. Only sessions with PROXY
/// headers own one.
struct Greeting {
  std::shared_ptr<Introduction> introduction;  ///< for the record; null: there is nothing to record
  std::string begun;                           ///< the part of an incomplete header that was read
  net::Address destination;                    ///< the address that the client connected to, from its header
  std::vector<net::proxy_protocol::Tlv> tlvs;  ///< the TLVs of the client's header, to be passed on
  Preface preface;                             ///< the header for the upstream
};

/// Takes over the contents of a header, except the source address.
void introduce(Greeting& greeting, const net::proxy_protocol::Header& header);

/// The header that tells the upstream that `client` connected to `destination`. Version 2 passes on the TLVs of the
/// client's own header, with a new checksum. The name of a network namespace is left out, because it means nothing
/// elsewhere.
Result<std::string> preface_text(net::proxy_protocol::Version version, const net::Address& client,
                                 const net::Address& destination, std::vector<net::proxy_protocol::Tlv> tlvs);

}  // namespace lastbyte::relay
