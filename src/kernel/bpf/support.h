// Support for loading BPF programs: libbpf's messages about a failure, and the tracepoints that the kernel has.
#pragma once

#include <string>

#include "net/address/address.h"

namespace lastbyte::kernel {

/// While an object lives, libbpf prints nothing to standard error, and the object keeps libbpf's last complaint. One
/// thread of a process at a time may have such objects; others wait.
class BpfComplaints {
 public:
  BpfComplaints();
  ~BpfComplaints();
  BpfComplaints(const BpfComplaints&) = delete;
  BpfComplaints& operator=(const BpfComplaints&) = delete;

  /// The last complaint, one line; empty: none.
  [[nodiscard]] std::string last() const;
};

/// Explains the errno of a failed load to an operator: which right is missing.
std::string load_advice(int code);

/// Whether the running kernel's type information has this tracepoint.
bool has_tracepoint(const std::string& name);

/// Converts an address that the BPF programs wrote: `family` as in sys/socket.h, `bytes` in network order.
net::Address address_of(unsigned family, const unsigned char* bytes, std::uint16_t port);

}  // namespace lastbyte::kernel
