// The systems between the clients and the two servers, and how each starts.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "lab/resilience/naive.h"
#include "launchers/start.h"
#include "net/address/address.h"

namespace lastbyte::lab::resilience {

/// Where a system runs, and the servers behind it.
struct Site {
  int network = -1;    ///< descriptor of the namespace
  net::Address host;   ///< the system listens here; port 0
  net::Address first;  ///< the servers
  net::Address second;
};

/// The address for clients, and the objects that must live meanwhile.
struct Front {
  net::Address address;
  std::unique_ptr<NaiveProxy> naive = {};
  std::optional<launchers::Started> started = {};
};

struct System {
  std::string_view name;
  /// Chance decides which of these requests end badly: whether the system has passed on an early answer when the write
  /// fails, and whether it is using the first server at a restart.
  bool chance_of_early_answers = false;
  bool chance_of_restarts = false;
  /// Only the thread that started it uses it.
  Result<Front> (*start)(const Site& site);
};

std::span<const System> systems();

/// Returns lastbyte's configuration with retries and checks, without {listen}, which the caller fills in.
std::string retrying(const net::Address& first, const net::Address& second);

}  // namespace lastbyte::lab::resilience
