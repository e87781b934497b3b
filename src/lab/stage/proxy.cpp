#include "lab/stage/proxy.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "launchers/launchers.h"
#include "process/proc.h"

namespace lastbyte::lab {

Result<launchers::Form> installed_form(const std::string& name) {
  const auto& all = launchers::all();
  const auto found = std::ranges::find(all, name, &launchers::Launcher::name);
  if (found == all.end()) return failure("start " + name, 0, "unknown program");
  if (const std::string lacking = launchers::missing(*found); !lacking.empty())
    return failure("start " + name, ENOENT, lacking + " is not installed");
  // Another program, for example a test, would not forward: it would run its tests again.
  if (name == "lastbyte" && !found->programs.front().ends_with("/lastbyte"))
    return failure("start " + name, 0, "this program is " + found->programs.front());
  return *found->form({});
}

Result<RunningProxy> start_form(Stage& stage, const std::string& name, launchers::Form form,
                                const net::Address& upstream) {
  const net::Address listen = stage.address(Who::server, process::unused_port());
  auto started = launchers::start(name, form, stage.network(Who::server), listen, upstream);
  if (!started) return Failure(started.error());
  stage.own_port(Who::server, listen.port());
  return RunningProxy{std::move(*started), listen};
}

Result<RunningProxy> start_proxy(Stage& stage, const std::string& name, const net::Address& upstream) {
  auto form = installed_form(name);
  if (!form) return Failure(form.error());
  return start_form(stage, name, std::move(*form), upstream);
}

Result<Behind> connect_behind(Stage& stage, const std::string& name, int client_window) {
  Socket listening = stage.listener();
  auto proxy = start_proxy(stage, name, listening.local());
  if (!proxy) return Failure(proxy.error());
  Socket client = stage.socket(Who::client);
  if (client_window != 0) ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &client_window, sizeof client_window);
  client.connect(proxy->address);
  Socket server = listening.accept();
  if (!server.open()) return failure("connect through " + name, 0, "no connection reached the server");
  return Behind{std::move(*proxy), std::move(listening), std::move(client), std::move(server)};
}

}  // namespace lastbyte::lab
