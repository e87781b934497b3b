// Scripted peers: a client and a server, each on its own threads.
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
  Meeting* meeting = nullptr;  ///< shared by the peers of a run, which it outlives; null: `await` never ends
  Duration limit{20'000};      ///< for the whole script, from the connection on; for a client, from its attempt on
  Duration arrival{20'000};    ///< how long a server waits for its first client
  std::uint64_t sends = kClientSeed;    ///< seed of the data that the peer sends
  std::uint64_t expects = kServerSeed;  ///< seed of the data that the peer expects
  net::Address source = {};             ///< a client's own address; none(): the kernel chooses
  HeaderVersion from_client = {};       ///< the client sends a PROXY protocol header before its script
  HeaderVersion to_server = {};         ///< the server reads a PROXY protocol header before its script

  /// Returns the options for a server: with the two seeds exchanged.
  [[nodiscard]] PeerOptions swapped() const;
};

/// Connects to `to` and plays its script. It begins in the constructor.
class Client {
 public:
  Client(const net::Address& to, Script script, const PeerOptions& options = {});
  /// Calls stop() and waits for the thread.
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// Waits until the script has ended. The reference lives as long as the client.
  const Observed& wait();
  /// Ends the script early by a reset of the socket.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Listens on a port that the kernel chooses and plays its script on each connection, from start() on. The options have
/// a client's seeds; the server exchanges them.
class Server {
 public:
  /// `connections`: the number of connections to serve before the server stops listening; nullopt: no limit until
  /// stop().
  static Result<Server> start(const Script& script, const PeerOptions& options = {},
                              std::optional<std::uint32_t> connections = 1, const net::Address& listen = loopback());
  /// Calls stop() and waits for the threads.
  ~Server();
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;

  [[nodiscard]] net::Address address() const;
  /// Returns the number of connections accepted so far.
  [[nodiscard]] std::uint32_t accepted() const;
  /// Returns the number of accepted connections whose scripts have ended.
  [[nodiscard]] std::uint32_t ended() const;
  /// While deaf, the server's host ignores SYNs, as if it did not exist. After that it answers repeated SYNs. Returns
  /// false if the kernel does not allow it, or the server no longer listens.
  bool set_deaf(bool deaf);
  /// Waits until `connections` were accepted and their scripts have ended. The wait for the first connection lasts at
  /// most `arrival`. Without a number of connections, it waits for stop(). Returns the observations in the order of
  /// acceptance.
  std::vector<Observed> wait();
  /// Accepts no more connections and ends all scripts early.
  void stop();

  static net::Address loopback();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::peers
