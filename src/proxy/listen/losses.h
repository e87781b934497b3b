// Finds listening sockets that have lost their address, interface or file. For one reload, because it keeps what it
// found.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/listen/places.h"

namespace lastbyte::proxy {

class Losses {
 public:
  /// Returns the loss of an existing place; nullopt: none.
  std::optional<Loss> of(const Place& place);
  /// Returns whether a wanted address could not be bound now. It asks the kernel once for each address, not for each of
  /// its ports.
  bool lacks_address(const WantedPlace& wanted);

 private:
  using Inside = const net::NamespaceThread*;
  bool was_replaced(const Place& place);

  std::map<std::pair<Inside, std::string>, unsigned> interfaces_;  ///< their kernel indices
  /// What was found about an address, with the options that matter for it.
  struct Found {
    net::ListenOptions options;
    bool lacking = false;
  };
  std::map<std::pair<Inside, std::string>, std::vector<Found>> lacking_;
};

}  // namespace lastbyte::proxy
