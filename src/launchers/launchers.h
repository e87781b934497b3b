// Proxies that this program knows how to start.
#pragma once

#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "launchers/form.h"

namespace lastbyte::launchers {

struct Launcher {
  std::string name;
  std::function<std::optional<Form>(const Way&)>
      form;                                       ///< nullopt: it does not speak that; all speak TCP on both sides
  int stop_signal = SIGTERM;                      ///< asks for a graceful stop
  std::vector<std::string> programs;              ///< all must be there
  std::vector<std::string> files = {};            ///< likewise
  std::vector<std::string> version_command = {};  ///< its first line of output is the version; empty: none
};

/// For the head of an nginx configuration: its workers keep the user that they are started as. Root of a user namespace
/// has no other one that they could become.
std::string nginx_user();

/// This program first.
const std::vector<Launcher>& all();
/// The first of them that starts this program, a path or a name; nullptr: none.
const Launcher* find(const std::string& program);
/// With commas.
std::string names();
/// The missing programs; empty: all are installed.
std::string missing(const Launcher& launcher);
/// The version that it prints; empty: none.
std::string version_of(const Launcher& launcher);
/// The version that this program prints when the launcher asks for it; empty: none.
std::string version_of(const Launcher& launcher, const std::string& program);

}  // namespace lastbyte::launchers
