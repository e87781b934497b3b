// The record of a session that has ended (T11): a common head, and the evidence for its kind of session. It is
// collected once, and formatted elsewhere. For an open session: what is known so far.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "net/address/address.h"
#include "net/proxy_protocol/header.h"
#include "net/unix/stream.h"
#include "relay/terms/phase.h"
#include "relay/terms/seen_reset.h"
#include "termination/verdict.h"

namespace lastbyte::relay {

/// One flow, named after its source. All in bytes. received == delivered + undelivered always holds.
struct FlowRecord {
  std::uint64_t received = 0;     ///< read from the source
  std::uint64_t delivered = 0;    ///< acknowledged by the sink's kernel when its descriptor was closed
  std::uint64_t undelivered = 0;  ///< received but not known to be delivered; includes `discarded`
  std::uint64_t discarded = 0;    ///< read only to be discarded, because the sink accepted no more (T5, T6)
  std::uint64_t rescued = 0;      ///< delivered after their source had refused bytes (T5)
  std::uint32_t descriptors = 0;  ///< file descriptors (not bytes) passed on with the flow (T14)
};

/// The content of a client's PROXY header, or the reason why the client was not served.
struct Introduction {
  net::Address via = {};  ///< the peer that sent the header; none(): the client is the peer
  std::optional<net::proxy_protocol::Version> version = {};  ///< of the accepted header
  std::optional<std::string> unique_id = {};                 ///< bytes, not text
  std::optional<std::string> authority = {};                 ///< likewise
  std::string rejection = {};                                ///< why the client was not served; empty: it was
};

/// How a datagram session ended. Datagrams have no end of their own.
enum class DatagramEnd : std::uint8_t {
  idle,        ///< nothing came from either side for limits.datagram-idle
  failed,      ///< the upstream's socket reported an error: an ICMP message has arrived
  evicted,     ///< it had been silent the longest, and made room for a new client
  superseded,  ///< a reload took its listener away, or gave its client another upstream
  drained,     ///< a stop was requested, and no answer was owed to the client any more
  stopped,     ///< it was still waiting when the drain time was over, or at a second signal
};

/// One flow of datagrams, named after its source. A datagram that was received and not dropped was passed to the kernel
/// for the other side. UDP does not report whether it arrived.
struct DatagramFlow {
  std::uint64_t received = 0;  ///< datagrams
  std::uint64_t received_bytes = 0;
  std::uint64_t dropped = 0;  ///< datagrams that the kernel did not accept
  std::uint64_t dropped_bytes = 0;
};

/// Why lastbyte itself could not continue a session.
enum class Abandoned : std::uint8_t {
  no,           ///< it was not abandoned
  no_memory,    ///< an allocation failed
  not_watched,  ///< epoll_ctl(2) failed; the side has its errno
  no_header,    ///< the PROXY header for the upstream could not be written
  bug,          ///< an event happened that should be impossible
  member_down,  ///< the member of the group went down, and its group resets the sessions of such a member
  member_gone,  ///< the group lost the member or the address, and its sessions outlived the time they had to end
};

/// How a try to reach an upstream ended.
enum class TryEnd : std::uint8_t {
  connected,
  failed,
  outrun,  ///< another address of the member was faster
  reset,   ///< the connection failed before the upstream's first byte, and the session tried again
};

/// One try to reach a member of a group.
struct Try {
  std::string member;  ///< as the group names it
  net::Address address;
  std::chrono::microseconds began{0};  ///< from accept()
  std::chrono::microseconds took{0};
  TryEnd end = TryEnd::failed;
  int error = 0;  ///< why it failed
};

/// How a session reached its member of a group.
struct Tries {
  std::string group;           ///< empty: a group without a name, of one forwarding
  std::vector<Try> all;        ///< in the order of their ends
  std::uint32_t unlisted = 0;  ///< tries left out before the last one, because there were too many
};

/// The evidence of a session of streams.
struct StreamRecord {
  std::chrono::microseconds connect_duration{-1};     ///< from accept() to the upstream's connection; -1: never
  std::chrono::microseconds first_byte_duration{-1};  ///< from accept() to the upstream's first byte; -1: none came
  std::chrono::microseconds closing_duration{-1};     ///< from the first end or failure to the last close(); -1: none
  std::uint32_t retries = 0;                          ///< connection attempts after the first
  termination::Verdict verdict;
  Abandoned abandoned = Abandoned::no;
  std::array<FlowRecord, 2> flows;  ///< the client's, the upstream's
  /// The processes behind the client's and the upstream's UNIX socket; nullopt: no UNIX socket, or never connected.
  std::array<std::optional<net::PeerCredentials>, 2> peers;
  std::shared_ptr<const Introduction> introduction;  ///< null: no PROXY header came, and the client was served

  [[nodiscard]] const FlowRecord& flow(termination::Which source) const {
    return flows[static_cast<std::size_t>(source)];
  }
};

/// The evidence of a session of datagrams.
struct DatagramRecord {
  DatagramEnd end = DatagramEnd::idle;
  std::array<DatagramFlow, 2> flows;  ///< the client's, the upstream's
};

/// What is known about a session that has not ended. It claims nothing about what has arrived.
struct ProgressRecord {
  /// One direction in bytes, named after its source.
  struct Flow {
    std::uint64_t received = 0;  ///< read from the source
    std::uint64_t sent = 0;      ///< passed to the kernel for the sink
  };
  bool began = false;  ///< the session has just begun; otherwise it has been open for a while
  bool datagrams = false;
  Phase phase = Phase::connecting;
  std::array<Flow, 2> flows = {};  ///< the client's, the upstream's
};

/// A socket as the rest of the host knows it.
struct SocketName {
  std::uint64_t cookie = 0;  ///< SO_COOKIE
  net::Address local = {};
};

struct SideRecord {
  int error = 0;         ///< the first errno on the socket, whichever call saw it (T10); 0: none
  net::Address address;  ///< the client's, or the upstream's that was tried last; none(): unknown
  SeenReset reset = {};  ///< how a connection that ended badly was reset, if `trace` watches
  /// A TCP connection that ended badly while operators follow events; null: any other.
  std::shared_ptr<const SocketName> socket = {};
};

struct Record {
  std::uint64_t id = 0;                           ///< unique in the life of the process
  std::shared_ptr<const std::string> forwarding;  ///< its name
  std::shared_ptr<const std::string> listen;      ///< the forwarding's address and port that the client connected to
  bool one_of_many = false;                       ///< the forwarding has other ports as well
  std::chrono::system_clock::time_point started;
  std::chrono::microseconds duration{0};    ///< from accept() to the last close()
  std::array<SideRecord, 2> sides;          ///< the client, the upstream
  std::shared_ptr<const Tries> tries = {};  ///< null: the forwarding has no group
  std::variant<StreamRecord, DatagramRecord, ProgressRecord> evidence;

  [[nodiscard]] const SideRecord& side(termination::Which which) const {
    return sides[static_cast<std::size_t>(which)];
  }
  /// Precondition: the record is of a stream session that has ended.
  [[nodiscard]] StreamRecord& stream() { return std::get<StreamRecord>(evidence); }
  [[nodiscard]] const StreamRecord& stream() const { return std::get<StreamRecord>(evidence); }
  /// Null: the session has ended.
  [[nodiscard]] const ProgressRecord* progress() const { return std::get_if<ProgressRecord>(&evidence); }
  /// Null: the record is of a stream session, or of an open one.
  [[nodiscard]] const DatagramRecord* datagrams() const { return std::get_if<DatagramRecord>(&evidence); }
};

}  // namespace lastbyte::relay
