// The record of a session that has ended (T11): a common head, and the evidence of its kind of session. It is
// collected once, and formatted elsewhere. Of a session that goes on, what is known so far.
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

/// One flow, named after its source. All in bytes. received == delivered + undelivered, always.
struct FlowRecord {
  std::uint64_t received = 0;     ///< read from the source
  std::uint64_t delivered = 0;    ///< acknowledged by the sink's kernel when its descriptor was closed
  std::uint64_t undelivered = 0;  ///< received and not known to be delivered; includes `discarded`
  std::uint64_t discarded = 0;    ///< read only to be thrown away, because the sink took nothing any more (T5, T6)
  std::uint64_t rescued = 0;      ///< delivered after bytes for their source had been refused (T5)
  std::uint32_t descriptors = 0;  ///< no bytes: file descriptors that were passed on with them (T14)
};

/// The content of a client's PROXY header, or the reason why the client was not served.
struct Introduction {
  net::Address via = {};  ///< who told for the client; none(): the client spoke for itself
  std::optional<net::proxy_protocol::Version> version = {};  ///< of the header that was taken
  std::optional<std::string> unique_id = {};                 ///< bytes, not text
  std::optional<std::string> authority = {};                 ///< likewise
  std::string rejection = {};                                ///< why the client was not served; empty: it was
};

/// How a session of datagrams ended, which have no end of their own.
enum class DatagramEnd : std::uint8_t {
  idle,        ///< nothing came from either side for limits.datagram-idle
  failed,      ///< the upstream's socket told an error: an ICMP message has come
  evicted,     ///< it made room for a new client, as the one that had been silent the longest
  superseded,  ///< a reload took its listener away, or gave its client another upstream
  drained,     ///< a stop was asked for, and no answer was owed to the client any more
  stopped,     ///< it was still waiting when the drain time was over, or at a second signal
};

/// One flow of datagrams, named after its source. A datagram that was received and not dropped was given to the
/// kernel for the other side. UDP does not report whether it arrived.
struct DatagramFlow {
  std::uint64_t received = 0;  ///< datagrams
  std::uint64_t received_bytes = 0;
  std::uint64_t dropped = 0;  ///< datagrams that the kernel did not take
  std::uint64_t dropped_bytes = 0;
};

/// Why lastbyte itself could not go on with a session.
enum class Abandoned : std::uint8_t {
  no,           ///< it did
  no_memory,    ///< an allocation failed
  not_watched,  ///< epoll_ctl(2) failed: its errno is the side's
  no_header,    ///< the PROXY header that the upstream waits for could not be written
  bug,          ///< what happened should be impossible
  member_down,  ///< the member of the group went down, and the group resets its sessions then
  member_gone,  ///< the group lost the member, or the address, longer ago than its sessions may live
};

/// How a try to reach an upstream ended.
enum class TryEnd : std::uint8_t {
  connected,
  failed,
  outrun,  ///< another address of the member was faster
  reset,   ///< the connection was made, and failed before the upstream's first byte; the session tried again
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

/// How a session came to its member of a group.
struct Tries {
  std::string group;           ///< empty: a group without a name, of one forwarding
  std::vector<Try> all;        ///< in the order of their ends
  std::uint32_t unlisted = 0;  ///< tries between the last two that are not listed: there were too many
};

/// The evidence of a session of streams.
struct StreamRecord {
  std::chrono::microseconds connect_duration{-1};  ///< from accept() to the upstream's being connected; -1: never was
  std::chrono::microseconds first_byte_duration{-1};  ///< from accept() to the upstream's first byte; -1: none came
  std::chrono::microseconds closing_duration{-1};     ///< from the first end or failure to the last close(); -1: none
  std::uint32_t retries = 0;                          ///< connection attempts after the first
  termination::Verdict verdict;
  Abandoned abandoned = Abandoned::no;
  std::array<FlowRecord, 2> flows;  ///< the client's, the upstream's
  /// The process behind a UNIX socket, the client's, the upstream's; nullopt: no UNIX socket, or never connected.
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

/// What is known of a session that has not ended. It claims nothing about what has arrived.
struct ProgressRecord {
  /// In bytes, named after its source.
  struct Flow {
    std::uint64_t received = 0;  ///< read from the source
    std::uint64_t sent = 0;      ///< given to the kernel for the sink
  };
  bool began = false;  ///< a moment ago; otherwise it has been open for a while
  bool datagrams = false;
  Phase phase = Phase::connecting;
  std::array<Flow, 2> flows = {};  ///< the client's, the upstream's
};

struct SideRecord {
  int error = 0;         ///< the first errno on the socket, whichever call saw it (T10); 0: none
  net::Address address;  ///< the client's; the upstream's that was tried last. none(): never known
  SeenReset reset = {};  ///< of a connection that ended badly, where `trace` watches
};

struct Record {
  std::uint64_t id = 0;                           ///< unique in the life of the process
  std::shared_ptr<const std::string> forwarding;  ///< its name
  std::shared_ptr<const std::string> listen;      ///< the address and port of it that the client came to
  bool one_of_many = false;                       ///< the forwarding has other ports as well
  std::chrono::system_clock::time_point started;
  std::chrono::microseconds duration{0};    ///< from accept() to the last close()
  std::array<SideRecord, 2> sides;          ///< the client, the upstream
  std::shared_ptr<const Tries> tries = {};  ///< null: the forwarding has no group
  std::variant<StreamRecord, DatagramRecord, ProgressRecord> evidence;

  [[nodiscard]] const SideRecord& side(termination::Which which) const {
    return sides[static_cast<std::size_t>(which)];
  }
  /// Precondition: it is of a session of streams that has ended.
  [[nodiscard]] StreamRecord& stream() { return std::get<StreamRecord>(evidence); }
  [[nodiscard]] const StreamRecord& stream() const { return std::get<StreamRecord>(evidence); }
  /// null: the session has ended.
  [[nodiscard]] const ProgressRecord* progress() const { return std::get_if<ProgressRecord>(&evidence); }
  /// null: it is of a session of streams, or of one that goes on.
  [[nodiscard]] const DatagramRecord* datagrams() const { return std::get_if<DatagramRecord>(&evidence); }
};

}  // namespace lastbyte::relay
