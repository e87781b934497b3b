// sock: one socket with all its options, in the tradition of Stevens' sock and of nc. It shows how TCP ends a
// connection: half-close, reset, linger, and which bytes were acknowledged. This file is the room's interface. Threads
// share nothing except getopt's state inside parse().
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

/// The exit statuses, as in the manual.
inline constexpr int kExitOk = 0;      ///< every connection was established and ended without an error
inline constexpr int kExitFailed = 1;  ///< a connection could not be established, or ended by a reset or another error
inline constexpr int kExitUsage = 2;   ///< the command line is wrong; nothing was done

enum class Role : std::uint8_t { client, server, scan };
using net::Transport;
enum class Family : std::uint8_t { any, v4, v6 };

/// The source of the bytes to send, and the destination of the received bytes.
enum class Mode : std::uint8_t {
  relay,    ///< sends standard input to the peer and writes the peer's data to standard output
  echo,     ///< sends the peer's data back
  source,   ///< sends a pattern and counts the peer's data
  sink,     ///< sends nothing; reads, counts and checks the peer's data
  discard,  ///< like sink, but the kernel drops the data without copying it (MSG_TRUNC), so it is not checked
  http,     ///< server: answers each request; client: sends one request and writes the answer to standard output
};

/// The action when there is nothing more to send.
enum class AtEof : std::uint8_t {
  keep,   ///< none: the connection stays open both ways until the peer ends it
  fin,    ///< send a FIN (shutdown) and continue to read
  close,  ///< close at once, even if the peer may still send
  reset,  ///< close at once with a RST
};

/// The action after the peer's FIN.
enum class AtPeerEof : std::uint8_t {
  go_on,  ///< continue to send: the peer's half-close is respected
  close,  ///< send what was read from standard input, then close
};

/// SO_LINGER.
struct Linger {
  bool on = true;
  std::chrono::seconds time{0};  ///< if on, 0: close() sends RST (T7); more: close() blocks for up to this time

  friend bool operator==(const Linger&, const Linger&) = default;
};

/// The pauses that the user asked for; 0: none.
struct Delays {
  Duration start{0};   ///< after the connection is established, before the first read or write
  Duration read{0};    ///< before each read
  Duration write{0};   ///< before each write
  Duration close{0};   ///< before close, after everything else
  Duration accept{0};  ///< after listen, before the first accept

  friend bool operator==(const Delays&, const Delays&) = default;
};

/// A checked command line. parse() sets each default that depends on another option.
struct Options {
  bool help = false;  ///< print usage() and do nothing else

  Role role = Role::client;
  Transport transport = Transport::tcp;
  Family family = Family::any;
  std::string host;               ///< a name or a numeric address; server: empty for all addresses
  std::string service;            ///< a port, a service name, or for a scan a range "20-25"
  std::string path;               ///< UNIX: a path, or @name in the abstract namespace
  bool numeric = false;           ///< look up neither hosts nor services
  std::string local_host;         ///< the address to bind a client to; empty: the kernel chooses. UNIX: a path
  std::string local_service;      ///< the port to bind a client to; empty: the kernel chooses
  std::string network_namespace;  ///< a name below /run/netns, a path, or a process ID; empty: the current one

  bool keep_open = false;  ///< serve one client after another
  int concurrent = 1;      ///< clients served at the same time; the next one waits in the backlog
  int backlog = 128;

  bool reuse_address = false;
  bool reuse_port = false;
  std::optional<Linger> linger;
  std::optional<int> receive_buffer;  ///< in bytes, as requested; the kernel doubles it
  std::optional<int> send_buffer;     ///< in bytes, as requested; the kernel doubles it
  std::optional<int> max_segment;     ///< TCP_MAXSEG, in bytes
  bool nodelay = false;
  std::optional<net::Keepalive> keepalive;
  std::optional<Duration> user_timeout;  ///< TCP_USER_TIMEOUT
  std::optional<int> fast_open;          ///< server: length of its queue; client: any value, the SYN carries data
  bool urgent_inline = false;            ///< SO_OOBINLINE
  std::optional<int> ttl;                ///< IP_TTL or IPV6_UNICAST_HOPS
  std::optional<int> min_ttl;            ///< IP_MINTTL or IPV6_MINHOPCOUNT: the kernel drops packets with less
  std::optional<int> tos;                ///< IP_TOS or IPV6_TCLASS
  bool broadcast = false;                ///< SO_BROADCAST
  bool dont_route = false;               ///< SO_DONTROUTE

  Mode mode = Mode::relay;
  std::size_t read_size = 65536;               ///< maximum of bytes in a read
  std::size_t write_size = 16384;              ///< maximum of bytes in a write; the size of a datagram
  std::optional<std::uint64_t> count;          ///< source: number of writes of write_size
  std::optional<std::uint64_t> bytes;          ///< source: number of bytes; http: size of the body
  std::optional<std::uint64_t> urgent;         ///< send an urgent byte before this write; the first write is 1
  std::optional<std::uint64_t> receive_limit;  ///< end after this number of reads or datagrams with data
  bool crlf = false;                           ///< convert the line ends of standard input to CR LF
  bool read_input = true;                      ///< false: treat standard input as empty
  bool read_peer = true;                       ///< false: never read from the peer
  bool answer_early = false;                   ///< http server: answer after the head, leave the body unread, and end

  Delays delays;
  std::optional<Duration> timeout;     ///< for the connection attempt, and for idle time afterwards
  std::optional<Duration> quit_after;  ///< close this long after there is nothing more to send

  AtEof at_eof = AtEof::keep;
  AtPeerEof at_peer_eof = AtPeerEof::go_on;
  bool reset = false;  ///< the last close sends a RST, however the connection ended

  bool verbose = false;  ///< report each system call on the socket and each TCP state to standard error
  bool report = false;   ///< report sent, received and acknowledged bytes to standard error at each end; set by verbose
};

/// The caller's descriptors. sock neither closes nor changes them.
struct Streams {
  int input = 0;
  int output = 1;
  int errors = 2;
  int stop = -1;               ///< when it becomes readable, run() closes everything and returns
  bool handle_signals = true;  ///< SIGINT and SIGTERM act like `stop`; run() blocks them for its thread
};

/// Parses the arguments after `lastbyte sock`. Does no I/O. In an error, `operation` is the argument and `detail` what
/// was expected. Only one thread at a time may call it, because getopt_long(3) has global state.
Result<Options> parse(std::span<const std::string> arguments);

/// Runs the command and returns the exit status. It blocks until the end. Only the calling thread enters the network
/// namespace, and it leaves the namespace at the end.
int run(const Options& options, const Streams& streams = {});

/// The text of --help.
std::string usage();

}  // namespace lastbyte::sock
