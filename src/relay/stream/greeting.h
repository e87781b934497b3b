// What a client tells of itself ahead of its bytes: a PROXY header (net/proxy_protocol/header.h), awaited, taken, or
// refused. Pure.
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
  serve,   ///< it speaks for itself
  listen,  ///< it may tell who it is, and is served once it has, or need not any more
  reject,  ///< it is to tell, and is not trusted to
};

Welcome welcome(const Forwarding& forwarding, const net::Address& peer);

/// Whether more can come than has.
enum class Coming : std::uint8_t {
  more,
  ended,  ///< the client's FIN stands behind what has come
  late,   ///< limits.proxy-header has passed
};

struct Await {};
/// There is no header, and there need be none: all that has come is the client's own.
struct Plain {};
struct Refused {
  std::string reason;  ///< for the operator; printable ASCII
};
using Heard = std::variant<Await, Plain, net::proxy_protocol::Header, Refused>;

/// What is made of all that has come so far. `mode` is not off. Where a header is optional, a client that says the
/// beginning of a signature and no more ("PRO", then a FIN or nothing) has said it for its own; once the signature is
/// whole there must be a header behind it.
Heard hear(std::span<const std::byte> so_far, ProxyHeader mode, Coming coming);

/// How many bytes hear() wants to see at most.
inline constexpr std::size_t kLongestGreeting = net::proxy_protocol::kUsualLongest;

/// What one session knows of a client that told, or of what its upstream is to be told. Only sessions that have to do
/// with PROXY headers own one.
struct Greeting {
  std::shared_ptr<Introduction> introduction;  ///< for the record; null: nothing to tell there
  std::string begun;                           ///< what was read of a header that is not whole yet
  net::Address destination;                    ///< where the client connected to, as its header told
  std::vector<net::proxy_protocol::Tlv> tlvs;  ///< of its header, to be passed on
  Preface preface;                             ///< the header for the upstream
};

/// Takes what a header tells, but for its addresses.
void introduce(Greeting& greeting, const net::proxy_protocol::Header& header);

/// The header that tells the upstream of `client`, who connected to `destination`. TLVs of the client's own header are
/// passed on in version 2, with their checksum calculated anew; the name of a network namespace means nothing elsewhere
/// and is left out.
Result<std::string> preface_text(net::proxy_protocol::Version version, const net::Address& client,
                                 const net::Address& destination, std::vector<net::proxy_protocol::Tlv> tlvs);

}  // namespace lastbyte::relay
