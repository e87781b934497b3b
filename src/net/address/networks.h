// A list of networks with a fast look-up of addresses, however long the list is. Pure.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <vector>

#include "net/address/cidr.h"

namespace lastbyte::net {

/// Networks in the order given. They may overlap. Immutable: copies share one list, and any thread may read it.
class Networks {
 public:
  Networks() = default;
  explicit Networks(std::vector<Cidr> networks);
  Networks(std::initializer_list<Cidr> networks) : Networks(std::vector<Cidr>(networks)) {}

  /// Whether one of the networks contains the address, as Cidr::contains() defines it. Takes time logarithmic in their
  /// number and allocates nothing.
  [[nodiscard]] bool contains(const Address& address) const;

  [[nodiscard]] bool empty() const { return listed().empty(); }
  [[nodiscard]] std::size_t size() const { return listed().size(); }
  [[nodiscard]] std::vector<Cidr>::const_iterator begin() const { return listed().begin(); }
  [[nodiscard]] std::vector<Cidr>::const_iterator end() const { return listed().end(); }

  /// Equal: the same networks in the same order.
  friend bool operator==(const Networks& a, const Networks& b) {
    return a.lists_ == b.lists_ || a.listed() == b.listed();
  }

 private:
  struct Lists;
  [[nodiscard]] const std::vector<Cidr>& listed() const;

  std::shared_ptr<const Lists> lists_;  ///< null: no networks
};

}  // namespace lastbyte::net
