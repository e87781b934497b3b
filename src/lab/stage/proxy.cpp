#include "lab/stage/proxy.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "launchers/launchers.h"

namespace lastbyte::lab {

Result<RunningProxy> start_proxy(Stage& stage, const std::string& name, std::uint16_t port,
                                 const net::Address& upstream) {
  const auto& all = launchers::all();
  const auto found = std::ranges::find(all, name, &launchers::Launcher::name);
  if (found == all.end()) return failure("start " + name, 0, "it is not known");
  if (const std::string lacking = launchers::missing(*found); !lacking.empty())
    return failure("start " + name, ENOENT, lacking + " is not installed");
  // Of a test, say, which would not forward but run its tests once more.
  if (name == "lastbyte" && !found->programs.front().ends_with("/lastbyte"))
    return failure("start " + name, 0, "this program is " + found->programs.front());
  auto form = found->form({});
  net::Address listen = stage.address(Who::server, port);
  auto started = launchers::start(name, *form, stage.network(Who::server), listen, upstream);
  if (!started) return Failure(started.error());
  stage.own_port(Who::server, port);
  return RunningProxy{std::move(*started), listen};
}

}  // namespace lastbyte::lab
