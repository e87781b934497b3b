#include "check/target/target.h"

#include <algorithm>
#include <utility>

namespace lastbyte::check {

bool Target::starts_anew() const { return kind == Kind::started && listen_port == 0 && upstream_port == 0; }

bool Target::is_movable() const {
  const Form form{command, config};
  // With {pid}, a proxy enters the checker's own network namespace, wherever it was started.
  return starts_anew() && !form.mentions("pid") && (form.mentions("listen") || form.mentions("listen_host")) &&
         (form.mentions("upstream") || form.mentions("upstream_host"));
}

bool Target::speaks_variant(const Variant& variant) const {
  if (&variant == &tcp_variant()) return true;
  switch (kind) {
    case Kind::plain_tcp:
      return variant.way.client == variant.way.server && variant.way.from_client == variant.way.to_server;
    case Kind::started: return forms.contains(variant.name);
    case Kind::running: return std::ranges::find(speaks, variant.name) != speaks.end();
  }
  return false;
}

Form Target::form_for(const Variant& variant) const {
  const auto found = forms.find(variant.name);
  return found == forms.end() ? Form{command, config} : found->second;
}

std::string Target::unfit_for(const Scenario& scenario, const Variant& variant) const {
  if (!speaks_variant(variant)) return "the proxy does not speak this: " + std::string(variant.title);
  if (kind == Kind::plain_tcp && scenario.plain == Plain::no_meaning) return "has no meaning without a proxy";
  switch (scenario.needs) {
    case Needs::process:
      if (scenario.stops && kind == Kind::running) return "needs a proxy that the checker may start and stop";
      if (kind == Kind::running && pid == 0) return "needs the proxy's process (--pid)";
      break;
    case Needs::two_of_them:
      if (!starts_anew()) return "needs two proxies in a row: a command with {listen_port} and {upstream_port}";
      break;
    case Needs::nothing: break;
  }
  if (scenario.place != Place::here) {
    if (kind == Kind::running) return "needs a proxy that the checker can start in a network namespace";
    if (scenario.place == Place::far_away && kind == Kind::started && !is_movable())
      return "needs a command that takes other addresses: {listen} and {upstream}";
  }
  return "";
}

Target target_of(const launchers::Launcher& launcher) {
  Target target{.name = launcher.name, .kind = Kind::started, .stop_signal = launcher.stop_signal};
  for (const Variant& each : variants()) {
    auto form = launcher.form(each.way);
    if (!form) continue;
    if (&each == &tcp_variant()) {
      target.command = std::move(form->command);
      target.config = std::move(form->config);
    } else {
      target.forms.emplace(each.name, std::move(*form));
    }
  }
  return target;
}

}  // namespace lastbyte::check
