// A copy proxy as one writes it in an hour: what comes from one side goes to the other, and the first end, error or
// failed write of either direction closes both.
#pragma once

#include <memory>
#include <thread>

#include "base/descriptor.h"
#include "base/result.h"
#include "loop/wakeup.h"
#include "net/address/address.h"

namespace lastbyte::lab::resilience {

/// One session at a time, on a thread of its own.
class NaiveProxy {
 public:
  /// At a port of the kernel's choice of 127.0.0.1 in that namespace.
  static Result<std::unique_ptr<NaiveProxy>> start(int network, const net::Address& upstream);
  ~NaiveProxy();
  NaiveProxy(const NaiveProxy&) = delete;
  NaiveProxy& operator=(const NaiveProxy&) = delete;

  [[nodiscard]] net::Address address() const;

 private:
  explicit NaiveProxy(const net::Address& upstream) : upstream_(upstream) {}
  void serve();
  void carry(const Descriptor& client);

  net::Address upstream_;
  Descriptor listening_;
  loop::Wakeup stop_;
  std::thread thread_;
};

}  // namespace lastbyte::lab::resilience
