// A network namespace and a process for a test. Both end with it.
#pragma once

#include <string>

#include "base/descriptor.h"

namespace lastbyte::net::test {

/// A network namespace with loopback up and without processes. Empty if this machine does not allow it.
class OwnNetwork {
 public:
  OwnNetwork();

  explicit operator bool() const { return static_cast<bool>(opened_); }
  [[nodiscard]] const Descriptor& opened() const { return opened_; }
  [[nodiscard]] int descriptor() const { return opened_.get(); }
  /// A file that stands for the namespace while this object lives.
  [[nodiscard]] std::string path() const;

 private:
  Descriptor opened_;
};

}  // namespace lastbyte::net::test
