// run() with a callback, for the demo and for tests.
#pragma once

#include <functional>
#include <vector>

#include "config/settings/config.h"
#include "proxy/listen/listeners.h"
#include "proxy/proxy.h"

namespace lastbyte::proxy {

/// Called once, on the calling thread, when clients can connect.
using OnListening = std::function<void(const std::vector<Bound>&)>;

/// Like run() in proxy.h. `warns_of_root`: whether to warn the operator if the process stays root.
int serve(const config::Config& config, const OnListening& on_listening, const Source& source = {},
          const config::Places& places = {}, const std::vector<config::Problem>& warnings = {},
          bool warns_of_root = true);

}  // namespace lastbyte::proxy
