// sock: one socket with all its options, in the tradition of Stevens' sock and of nc. It shows what TCP does at the
// ends of a connection: half-close, reset, linger, what was acknowledged and what was not. This file: all that a caller
// needs. Nothing here is shared between threads except getopt's state inside parse().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/address/endpoint.h"
#include "net/socket/options.h"

namespace lastbyte::sock {

/// Exit statuses, as the manual has them.
inline constexpr int kExitOk = 0;      ///< every connection was made and ended without an error
inline constexpr int kExitFailed = 1;  ///< a connection could not be made, or ended by a reset or another error
inline constexpr int kExitUsage = 2;   ///< the command line is wrong; nothing was done

enum class Role : std::uint8_t { client, server, scan };
using net::Transport;
enum class Family : std::uint8_t { any, v4, v6 };

/// Where the bytes come from and where they go.
enum class Mode : std::uint8_t {
  relay,    ///< standard input to the peer, the peer to standard output
  echo,     ///< back to the peer what it sent
  source,   ///< a pattern to the peer; what comes back is counted
  sink,     ///< sends nothing; reads, counts and checks
  discard,  ///< as sink, but the kernel throws the bytes away uncopied (MSG_TRUNC), so that none is checked
  http,     ///< server: answers each request; client: asks once and writes the answer to standard output
};

/// The action when there is nothing more to send.
enum class AtEof : std::uint8_t {
  keep,   ///< nothing: the connection stays open both ways until the peer ends it
  fin,    ///< a FIN (shutdown): half-closed, reading goes on
  close,  ///< close at once, even if the peer may still send
  reset,  ///< the same with a RST
};

/// The action after the peer's FIN.
enum class AtPeerEof : std::uint8_t {
  go_on,  ///< sending goes on to its own end: the peer's half-close is honoured
  close,  ///< what was read from standard input is sent, then close
};

/// SO_LINGER.
struct Linger {
  bool on = true;
  std::chrono::seconds time{0};  ///< on with 0: close() sends RST (T7); on with more: close() blocks for so long

  friend bool operator==(const Linger&, const Linger&) = default;
};

/// Waits that the user asked for; 0: none.
struct Delays {
  Duration start{0};   ///< after the connection is there, before the first read or write
  Duration read{0};    ///< before each read
  Duration write{0};   ///< before each write
  Duration close{0};   ///< before close, after everything else
  Duration accept{0};  ///< after listen, before the first accept

  friend bool operator==(const Delays&, const Delays&) = default;
};

/// A checked command line. parse() gives each default that depends on another option its value.
struct Options {
  bool help = false;  ///< print usage() and do nothing else

  Role role = Role::client;
  Transport transport = Transport::tcp;
  Family family = Family::any;
  std::string host;               ///< a name or a numeric address; server: empty for all addresses
  std::string service;            ///< a port, a service's name, or for a scan a range "20-25"
  std::string path;               ///< UNIX: a path, or @name in the abstract namespace
  bool numeric = false;           ///< neither hosts nor services are looked up
  std::string local_host;         ///< address to bind a client to; empty: the kernel's choice. UNIX: a path
  std::string local_service;      ///< port to bind a client to; empty: the kernel's choice
  std::string network_namespace;  ///< a name below /run/netns, a path, or a process id; empty: the present one

  bool keep_open = false;  ///< serve one client after another
  int concurrent = 1;      ///< clients served at once; the next waits in the backlog
  int backlog = 128;

  bool reuse_address = false;
  bool reuse_port = false;
  std::optional<Linger> linger;
  std::optional<int> receive_buffer;  ///< bytes asked for; the kernel doubles it
  std::optional<int> send_buffer;     ///< likewise
  std::optional<int> max_segment;     ///< TCP_MAXSEG, bytes
  bool nodelay = false;
  std::optional<net::Keepalive> keepalive;
  std::optional<Duration> user_timeout;  ///< TCP_USER_TIMEOUT
  std::optional<int> fast_open;          ///< server: length of its queue; client: any value, the SYN carries data
  bool urgent_inline = false;            ///< SO_OOBINLINE
  std::optional<int> ttl;                ///< IP_TTL or IPV6_UNICAST_HOPS
  std::optional<int> min_ttl;            ///< IP_MINTTL or IPV6_MINHOPCOUNT: packets with less are dropped
  std::optional<int> tos;                ///< IP_TOS or IPV6_TCLASS
  bool broadcast = false;                ///< SO_BROADCAST
  bool dont_route = false;               ///< SO_DONTROUTE

  Mode mode = Mode::relay;
  std::size_t read_size = 65536;               ///< bytes per read at most
  std::size_t write_size = 16384;              ///< bytes per write at most; a datagram's size
  std::optional<std::uint64_t> count;          ///< source: so many writes of write_size
  std::optional<std::uint64_t> bytes;          ///< source: so many bytes; http: size of the body
  std::optional<std::uint64_t> urgent;         ///< an urgent byte goes before this write, the first is 1
  std::optional<std::uint64_t> receive_limit;  ///< ends after so many reads or datagrams that brought something
  bool crlf = false;                           ///< a line's end on standard input becomes CR LF
  bool read_input = true;                      ///< false: standard input counts as empty
  bool read_peer = true;                       ///< false: nothing is ever read from the peer
  bool answer_early = false;  ///< http server: answers once the head is there, the body unread, and ends

  Delays delays;
  std::optional<Duration> timeout;     ///< for connecting, and for idleness afterwards
  std::optional<Duration> quit_after;  ///< close so long after there is nothing more to send

  AtEof at_eof = AtEof::keep;
  AtPeerEof at_peer_eof = AtPeerEof::go_on;
  bool reset = false;  ///< the last close is a RST, however the connection ended

  bool verbose = false;  ///< each system call on the socket and each TCP state, to standard error
  bool report = false;  ///< what was sent, received and acknowledged, to standard error at each end; verbose implies it
};

/// Descriptors of the caller; none is closed or changed.
struct Streams {
  int input = 0;
  int output = 1;
  int errors = 2;
  int stop = -1;               ///< once readable, everything is closed and run() returns
  bool handle_signals = true;  ///< SIGINT and SIGTERM do the same as `stop`; they are blocked for this thread meanwhile
};

/// The arguments after `lastbyte sock`. Does no I/O. The error's `operation` names the argument and `detail` what was
/// expected. Not to be called by two threads at once: getopt_long(3) keeps global state.
Result<Options> parse(std::span<const std::string> arguments);

/// Does what was asked for and returns the exit status. Blocks until the end. Enters the network namespace with the
/// calling thread alone, and leaves it again.
int run(const Options& options, const Streams& streams = {});

/// The text of --help.
std::string usage();

}  // namespace lastbyte::sock
