// A list of networks that answers quickly whether it holds an address, however long it is. Pure.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <vector>

#include "net/address/cidr.h"

namespace lastbyte::net {

/// Networks in the order in which they were given. They may overlap. Immutable: copies share one list, and any thread
/// may read it.
class Networks {
 public:
  Networks() = default;
  explicit Networks(std::vector<Cidr> networks);
  Networks(std::initializer_list<Cidr> networks) : Networks(std::vector<Cidr>(networks)) {}

  /// Whether one of them contains the address, as Cidr::contains() says. The time grows with the logarithm of their
  /// number; nothing is allocated.
  [[nodiscard]] bool contains(const Address& address) const;

  [[nodiscard]] bool empty() const { return listed().empty(); }
  [[nodiscard]] std::size_t size() const { return listed().size(); }
  [[nodiscard]] std::vector<Cidr>::const_iterator begin() const { return listed().begin(); }
  [[nodiscard]] std::vector<Cidr>::const_iterator end() const { return listed().end(); }

  /// The same networks in the same order.
  friend bool operator==(const Networks& a, const Networks& b) {
    return a.lists_ == b.lists_ || a.listed() == b.listed();
  }

 private:
  struct Lists;
  [[nodiscard]] const std::vector<Cidr>& listed() const;

  std::shared_ptr<const Lists> lists_;  ///< null: no networks
};

}  // namespace lastbyte::net
