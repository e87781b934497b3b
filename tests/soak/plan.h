// soak: random sessions through the real binary, each judged by what both of its peers saw. This file: what the two
// peers of one session do. A plan is data, and a pure function of the run's seed and the session's number.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/address/address.h"
#include "net/address/endpoint.h"
#include "net/proxy_protocol/header.h"

namespace lastbyte::soak {

using net::Transport;
using Milliseconds = std::chrono::milliseconds;

/// Whether clients of a forwarding tell who they are by a PROXY header (client.proxy-protocol).
enum class Asks : std::uint8_t { off, optional, required };

/// What a forwarding is like. Sessions of one kind are played over forwardings of their own.
struct Kind {
  std::string_view name;
  Transport client = Transport::tcp;
  Transport upstream = Transport::tcp;
  Asks asks = Asks::off;
  net::proxy_protocol::HeaderVersion tells = {};  ///< upstream.proxy-protocol
  bool reachable = true;                          ///< false: nobody listens where the upstream should
  bool brief = false;                             ///< its limits are kBrief; otherwise none may pass
  bool small_buffers = false;                     ///< of both sides; a reload changes them
  bool held_back = false;                         ///< connect-on: data
  std::string_view settings = {};                 ///< YAML besides, members of the forwarding
  std::uint32_t weight = 1;                       ///< how often it is drawn
};

/// limits.idle, limits.half-close, limits.reset-flush, linger.timeout and half of linger.time of a brief kind.
inline constexpr Milliseconds kBrief{200};

std::span<const Kind> kinds();

/// One step of what a peer writes; each begins when the one before it is done.
enum class Verb : std::uint8_t {
  raw,          ///< sends `raw`, which is no payload: a PROXY header or a part of one
  send,         ///< sends `bytes` of payload, `chunk` a call (0: as much as fits), one call each `time`
  urgent,       ///< sends one byte of payload as urgent data (MSG_OOB)
  descriptors,  ///< sends one byte of payload with `bytes` descriptors (SCM_RIGHTS)
  pause,        ///< does nothing for `time`
  await_bytes,  ///< until `bytes` of payload have been received, or no more will be read
  await_end,    ///< until the peer's flow has ended, or no more will be read
  await_ack,    ///< until the kernel at the other end has acknowledged all that was sent, a FIN included
  freeze,       ///< stops the daemon (SIGSTOP) for `time`; the next step is taken while it stands still
  reload,       ///< SIGHUP, with the settings file written anew
  shortage,     ///< leaves the daemon no descriptor that it could open, for `time`
  fin,          ///< shutdown(SHUT_WR)
};

struct Step {
  Verb verb = Verb::pause;
  std::uint64_t bytes = 0;
  std::uint64_t chunk = 0;
  Milliseconds time{0};
  std::string raw = {};
  friend bool operator==(const Step&, const Step&) = default;
};

/// How a peer reads, beside its writing.
struct Reading {
  Milliseconds pause{0};                          ///< before the first read
  std::uint64_t chunk = 0;                        ///< a call; 0: as much as there is
  Milliseconds every{0};                          ///< from one call to the next
  std::optional<std::uint64_t> stops_after = {};  ///< and leaves the rest unread
  friend bool operator==(const Reading&, const Reading&) = default;
};

enum class Cut : std::uint8_t {
  none,   ///< close() once everything is written and the peer's flow has ended
  close,  ///< close() before that
  reset,  ///< SO_LINGER {1,0} and close(): RST
};

/// When a peer lets go of its socket before the end. The first of these that comes true counts.
struct Cutting {
  Cut cut = Cut::none;
  Milliseconds at{0};                             ///< after it has connected
  std::optional<std::uint64_t> after_bytes = {};  ///< of payload received
  bool after_writing = false;                     ///< once its last step is done
  friend bool operator==(const Cutting&, const Cutting&) = default;
};

struct PeerPlan {
  std::optional<int> receive_buffer = {};  ///< SO_RCVBUF
  std::optional<int> send_buffer = {};     ///< SO_SNDBUF
  std::vector<Step> steps = {};
  Reading reading = {};
  Cutting cutting = {};
  friend bool operator==(const PeerPlan&, const PeerPlan&) = default;
};

/// What the client's PROXY header is to lead to.
enum class Header : std::uint8_t {
  none,     ///< it sends none, and none is required
  told,     ///< a good one that tells of Plan::told
  unknown,  ///< a good one that tells nothing: the connection's own addresses hold
  wrong,    ///< none where one is required, one that is malformed, or one that the FIN cuts off
};

struct Plan {
  std::uint64_t seed = 0;
  std::uint64_t number = 0;
  const Kind* kind = nullptr;  ///< of kinds()
  Header header = Header::none;
  net::proxy_protocol::HeaderVersion header_version = {};
  net::Address told = {};
  Milliseconds deaf{0};  ///< for so long the upstream's host loses what arrives to connect
  PeerPlan client;
  PeerPlan upstream;
};

Plan make_plan(std::uint64_t seed, std::uint64_t number);

/// For a reader: a line for the session and one for each peer.
std::string print(const Plan& plan);
std::string print(const PeerPlan& plan);
std::string print(const Step& step);

/// Seeds of the payloads, different for each session and side.
std::uint64_t client_payload(const Plan& plan);
std::uint64_t upstream_payload(const Plan& plan);

}  // namespace lastbyte::soak
