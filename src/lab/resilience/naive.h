// A simple copy proxy, as one writes it in an hour: it copies both directions, and closes both connections at the first
// end, error or failed write of either.
#pragma once

#include <memory>
#include <thread>

#include "base/descriptor.h"
#include "base/result.h"
#include "loop/wakeup.h"
#include "net/address/address.h"

namespace lastbyte::lab::resilience {

/// Serves one session at a time, on a thread of its own.
class NaiveProxy {
 public:
  /// Listens on `host` in that namespace; the kernel chooses the port.
  static Result<std::unique_ptr<NaiveProxy>> start(int network, const net::Address& host, const net::Address& upstream);
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
