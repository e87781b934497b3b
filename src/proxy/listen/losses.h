// Addresses, interfaces and files that listening sockets have lost. Examined once for each reload.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

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
  std::map<std::tuple<Inside, std::string, std::string, bool>, bool> lacking_;
};

}  // namespace lastbyte::proxy
