// The target of a grading: a proxy that the checker starts, a proxy that already runs, or none.
#pragma once

#include <csignal>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "check/scenarios/scenario.h"
#include "check/scenarios/variant.h"
#include "launchers/launchers.h"
#include "net/address/address.h"

namespace lastbyte::check {

using launchers::Form;

enum class Kind : std::uint8_t { plain_tcp, started, running };

struct Target {
  std::string name;
  std::string version = {};  ///< the version that the proxy prints; may be empty
  Kind kind = Kind::plain_tcp;

  // Kind::started
  std::vector<std::string> command = {};  ///< of the form for TCP
  std::string config = {};
  std::map<std::string, Form, std::less<>> forms = {};  ///< the forms for other variants that it speaks, by name
  int stop_signal = SIGTERM;                            ///< asks for a graceful stop
  std::uint16_t listen_port = 0;                        ///< 0: any port, so that several proxies can run at once
  std::uint16_t upstream_port = 0;                      ///< 0: any port

  // Kind::running
  std::vector<std::string> speaks = {};  ///< variants besides TCP
  net::Address address = {};             ///< where the proxy listens
  net::Address upstream = {};            ///< where the proxy connects to
  pid_t pid = 0;                         ///< 0: unknown

  /// Returns whether scenarios can run at once, each with its own proxy.
  [[nodiscard]] bool starts_anew() const;
  /// Returns whether the proxy can use addresses other than 127.0.0.1.
  [[nodiscard]] bool is_movable() const;
  /// Returns why the scenario cannot grade the target; empty: it can.
  [[nodiscard]] std::string unfit_for(const Scenario& scenario, const Variant& variant = tcp_variant()) const;
  /// Returns whether the target can forward in that variant. Without a proxy, both sides must be alike.
  [[nodiscard]] bool speaks_variant(const Variant& variant) const;
  /// Returns how the proxy is started for the variant. Kind::started only, and only for a variant that it speaks.
  [[nodiscard]] Form form_for(const Variant& variant) const;
};

/// Returns the target for a known proxy, with every variant that it speaks. Its version stays empty.
Target target_of(const launchers::Launcher& launcher);

}  // namespace lastbyte::check
