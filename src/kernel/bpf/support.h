// What loading programs into the kernel needs: libbpf's own words about a failure, and what the kernel can attach.
#pragma once

#include <string>

#include "net/address/address.h"

namespace lastbyte::kernel {

/// While it lives, libbpf says nothing on standard error; what it complained about last is kept. One
/// thread of a process at a time has some; others wait.
class BpfComplaints {
 public:
  BpfComplaints();
  ~BpfComplaints();
  BpfComplaints(const BpfComplaints&) = delete;
  BpfComplaints& operator=(const BpfComplaints&) = delete;

  /// One line; empty: none.
  [[nodiscard]] std::string last() const;
};

/// What an errno of a failed load means to an operator: which right is missing.
std::string load_advice(int code);

/// Whether the running kernel has this tracepoint, in its type information.
bool has_tracepoint(const std::string& name);

/// An address as our programs write one: `family` of sys/socket.h, `bytes` in network order.
net::Address address_of(unsigned family, const unsigned char* bytes, std::uint16_t port);

}  // namespace lastbyte::kernel
