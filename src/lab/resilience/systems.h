// What stands between the clients and the two servers, and how it is started.
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

/// Where clients connect to, and what has to live meanwhile.
struct Front {
  net::Address address;
  std::unique_ptr<NaiveProxy> naive = {};
  std::optional<launchers::Started> started = {};
};

struct System {
  std::string_view name;
  /// Which of its requests end badly is chance: whether an early answer has been passed on when the write fails, and
  /// whether the first server is in use at a restart.
  bool chance_of_early_answers = false;
  bool chance_of_restarts = false;
  /// `first` and `second`: the servers. In the namespace of this descriptor. Used by the thread that started it.
  Result<Front> (*start)(int network, const net::Address& first, const net::Address& second);
};

std::span<const System> systems();

/// The configuration of lastbyte with retries and checks, of which {listen} is still to be filled in.
std::string retrying(const net::Address& first, const net::Address& second);

}  // namespace lastbyte::lab::resilience
