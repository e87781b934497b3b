// Scripted peers at work: a client and a server, each on threads of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/address/address.h"
#include "net/proxy_protocol/header.h"
#include "peers/meeting.h"
#include "peers/observed.h"
#include "peers/script.h"

namespace lastbyte::peers {

using net::proxy_protocol::HeaderVersion;

inline constexpr std::uint64_t kClientSeed = 1;
inline constexpr std::uint64_t kServerSeed = 2;

struct PeerOptions {
  Meeting* meeting = nullptr;  ///< shared by the peers of a run; outlives them. Without one, `await` never ends.
  Duration limit{20'000};      ///< for the whole script, from the connection on; for a client from its attempt on
  Duration arrival{20'000};    ///< how long a server waits for its first client
  std::uint64_t sends = kClientSeed;    ///< seed of what it sends
  std::uint64_t expects = kServerSeed;  ///< seed of what it is to receive
  net::Address source = {};             ///< a client's own address; none(): the kernel's choice
  HeaderVersion from_client = {};       ///< a client sends a PROXY protocol header ahead of its script
  HeaderVersion to_server = {};         ///< a server takes one ahead of its script

  /// For a server, whose seeds are the other way round.
  [[nodiscard]] PeerOptions swapped() const;
};

/// Connects to `to` and plays its script, from the constructor on.
class Client {
 public:
  Client(const net::Address& to, Script script, const PeerOptions& options = {});
  /// Stops.
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// Until the script has been played. The reference lives as long as the client.
  const Observed& wait();
  /// Gives up what is left of the script: the socket is reset.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Listens on a port that the kernel chooses and plays its script on each connection, from start() on. The seeds of
/// the options are a client's; the server swaps them.
class Server {
 public:
  /// `connections`: how many to serve before it stops to listen; nullopt: as many as come until stop().
  static Result<Server> start(const Script& script, const PeerOptions& options = {},
                              std::optional<std::uint32_t> connections = 1, const net::Address& listen = loopback());
  /// Stops.
  ~Server();
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;

  [[nodiscard]] net::Address address() const;
  /// How many connections were accepted so far.
  [[nodiscard]] std::uint32_t accepted() const;
  /// Of how many of them the scripts have been played to the end.
  [[nodiscard]] std::uint32_t ended() const;
  /// While it is set, SYNs are swallowed, as if the host were not there; those that come again later are heard.
  /// False: the kernel does not allow it, or nobody listens any more.
  bool set_deaf(bool deaf);
  /// Until `connections` have come and all their scripts have been played; at most `arrival` for the first, and without
  /// a number of connections until stop(). In the order in which they were accepted.
  std::vector<Observed> wait();
  /// Accepts nobody any more and gives up what is left of all scripts.
  void stop();

  static net::Address loopback();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::peers
