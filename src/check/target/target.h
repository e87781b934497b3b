// The target of a grading: a proxy that the checker starts, one that already runs, or none.
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
  std::string version = {};  ///< what it says of itself; may be empty
  Kind kind = Kind::plain_tcp;

  // Kind::started
  std::vector<std::string> command = {};  ///< of its form for TCP
  std::string config = {};
  std::map<std::string, Form, std::less<>> forms = {};  ///< for other variants that it speaks, by name
  int stop_signal = SIGTERM;                            ///< asks for a graceful stop
  std::uint16_t listen_port = 0;                        ///< 0: any, so that several can run at once
  std::uint16_t upstream_port = 0;                      ///< 0: any

  // Kind::running
  std::vector<std::string> speaks = {};  ///< variants besides TCP
  net::Address address = {};             ///< where it listens
  net::Address upstream = {};            ///< what it connects to
  pid_t pid = 0;                         ///< 0: not known

  /// Scenarios can run at once, each with a proxy of its own.
  [[nodiscard]] bool starts_anew() const;
  /// It can be told to use other addresses than 127.0.0.1.
  [[nodiscard]] bool is_movable() const;
  /// Why it cannot be graded by the scenario; empty: it can.
  [[nodiscard]] std::string unfit_for(const Scenario& scenario, const Variant& variant = tcp_variant()) const;
  /// It knows how to forward in that variant. Plain TCP, and plain UNIX sockets, do where both sides are alike.
  [[nodiscard]] bool speaks_variant(const Variant& variant) const;
  /// How it is started for the variant. Kind::started, and one that it speaks.
  [[nodiscard]] Form form_for(const Variant& variant) const;
};

/// A proxy that the checker knows how to start, in every variant that it speaks. Its version is not asked for.
Target target_of(const launchers::Launcher& launcher);

}  // namespace lastbyte::check
