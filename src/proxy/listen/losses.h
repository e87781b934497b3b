// Addresses, interfaces and files that listening sockets have lost. Examined once for each reload.
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
  /// The loss of a place itself; nullopt: none.
  std::optional<Loss> of(const Place& place);
  /// Whether the address of a place that is to be could not be bound now. The kernel is asked once for each address,
  /// and not for each of its ports.
  bool lacks_address(const WantedPlace& wanted);

 private:
  using Inside = const net::NamespaceThread*;
  bool was_replaced(const Place& place);

  std::map<std::pair<Inside, std::string>, unsigned> interfaces_;  ///< their numbers
  /// What was found out about an address, with each set of the options that decide.
  struct Found {
    net::ListenOptions options;
    bool lacking = false;
  };
  std::map<std::pair<Inside, std::string>, std::vector<Found>> lacking_;
};

}  // namespace lastbyte::proxy
