// Sockets without a kernel: what relay/side/transport.h does, for tests of the parts that move bytes. A test program
// that is linked with fake_transport.cpp must not be linked with the real one.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "relay/side/side.h"

namespace lastbyte::relay {

/// One socket, as its peer makes it.
struct FakeSocket {
  /// What a read finds next.
  struct Input {
    std::string bytes = {};  ///< empty: `error` is what is found
    int error = 0;           ///< 0 with no bytes: the FIN
    int descriptors = 0;     ///< they come with the first byte
    bool loses_some = false;
  };
  std::deque<Input> input;
  bool fin_came = true;  ///< what the kernel answers when asked whether an end was a FIN

  std::string output;  ///< what was written
  std::size_t room = 1U << 30U;
  int write_error = 0;       ///< what a write meets once `room` is used up; 0: EAGAIN
  int passed = 0;            ///< descriptors that were written
  bool received = false;     ///< the peer has received them
  int calls = 0;             ///< reads and writes of any kind
  bool splices = false;      ///< something was spliced out of it or into it
  std::string in_pipe = {};  ///< what was spliced out of it
};

/// The socket behind a side; made when first asked for.
FakeSocket& fake(const Side& side);
void forget_fakes();

}  // namespace lastbyte::relay
