// Programs on the server's host: a proxy between the two hosts, or a server.
#pragma once

#include <array>
#include <string>

#include "base/result.h"
#include "lab/stage/stage.h"
#include "launchers/start.h"

namespace lastbyte::lab {

struct RunningProxy {
  launchers::Started started;  ///< dies with the calling thread
  net::Address address;        ///< where clients connect to
};

/// How a known proxy (launchers/launchers.h) is started to forward TCP. Fails where it is not installed.
Result<launchers::Form> installed_form(const std::string& name);

/// A program in the server's network, listening on a port there. Fails where it does not start.
Result<RunningProxy> start_form(Stage& stage, const std::string& name, launchers::Form form,
                                const net::Address& upstream);

/// A known proxy in the server's network, forwarding a port there to `upstream`. Fails where it
/// is not installed, or does not start.
Result<RunningProxy> start_proxy(Stage& stage, const std::string& name, const net::Address& upstream);

/// The proxies that experiments compare, by their names in launchers/launchers.h; lastbyte is the first.
inline constexpr std::array kComparedProxies{"lastbyte", "haproxy", "nginx", "socat"};

/// A connection of a client through a proxy to a server.
struct Behind {
  RunningProxy proxy;
  Socket listening;
  Socket client;
  Socket server;
};

/// Starts that proxy in the present scene and connects through it. Fails as start_proxy() does, and where no connection
/// comes to the server. `client_window`: its SO_RCVBUF; 0 leaves it.
Result<Behind> connect_behind(Stage& stage, const std::string& name, int client_window = 0);

}  // namespace lastbyte::lab
