// The proxies that this program can start.
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
  std::function<std::optional<Form>(const Way&)> form;  ///< nullopt: the proxy does not speak that; every proxy speaks
                                                        ///< TCP on both sides
  int stop_signal = SIGTERM;                            ///< asks for a graceful stop
  std::vector<std::string> programs;                    ///< all must be installed
  std::vector<std::string> files = {};                  ///< all must be readable
  std::vector<std::string> version_command = {};        ///< the first line of its output is the version; empty: none
};

/// Returns the first lines of an nginx configuration. They make nginx's workers keep the user that starts nginx: root
/// of a user namespace may have no other user to change to.
std::string nginx_user();

/// Returns all launchers. This program comes first.
const std::vector<Launcher>& all();
/// Returns the first launcher that starts this program (a path or a name); nullptr: none.
const Launcher* find(const std::string& program);
/// Returns the names, separated by commas.
std::string names();
/// Returns the first missing program or file; empty: all are installed.
std::string missing(const Launcher& launcher);
/// Returns the version that the launcher's program prints; empty: none.
std::string version_of(const Launcher& launcher);
/// Returns the version that `program` prints when it runs in place of the launcher's own; empty: none.
std::string version_of(const Launcher& launcher, const std::string& program);

}  // namespace lastbyte::launchers
