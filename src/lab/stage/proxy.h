// Programs on the server's host: a proxy between the two hosts, or a server.
#pragma once

#include <array>
#include <string>

#include "base/result.h"
#include "lab/stage/stage.h"
#include "launchers/start.h"

namespace lastbyte::lab {

struct RunningProxy {
  launchers::Started started;  ///< it dies with the calling thread
  net::Address address;        ///< the address for clients
};

/// Returns how to start a known proxy (launchers/launchers.h) that forwards TCP. Fails if the proxy is not installed.
Result<launchers::Form> installed_form(const std::string& name);

/// Starts a program in the server's network. It listens on a port there. Fails if it does not start.
Result<RunningProxy> start_form(Stage& stage, const std::string& name, launchers::Form form,
                                const net::Address& upstream);

/// Starts a known proxy in the server's network. It forwards a port there to `upstream`. Fails if it is not installed
/// or does not start.
Result<RunningProxy> start_proxy(Stage& stage, const std::string& name, const net::Address& upstream);

/// The proxies that experiments compare, named as in launchers/launchers.h. lastbyte is the first.
inline constexpr std::array kComparedProxies{"lastbyte", "haproxy", "nginx", "socat"};

/// A client's connection through a proxy to a server.
struct Behind {
  RunningProxy proxy;
  Socket listening;
  Socket client;
  Socket server;
};

/// Starts that proxy in the present scene and connects through it. Fails as start_proxy() does, and if no connection
/// reaches the server. `client_window`: SO_RCVBUF of the client; 0 leaves it.
Result<Behind> connect_behind(Stage& stage, const std::string& name, int client_window = 0);

}  // namespace lastbyte::lab
