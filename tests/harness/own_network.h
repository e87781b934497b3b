// A network namespace and a process for a test; both are gone with it.
#pragma once

#include <string>

#include "base/descriptor.h"

namespace lastbyte::net::test {

/// A network namespace with loopback up, that nobody is in. Empty where this machine does not allow it.
class OwnNetwork {
 public:
  OwnNetwork();

  explicit operator bool() const { return static_cast<bool>(opened_); }
  [[nodiscard]] const Descriptor& opened() const { return opened_; }
  [[nodiscard]] int descriptor() const { return opened_.get(); }
  /// A file that stands for it, for as long as this lives.
  [[nodiscard]] std::string path() const;

 private:
  Descriptor opened_;
};

}  // namespace lastbyte::net::test
