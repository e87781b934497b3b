// What the tests of net share: connected pairs over loopback, waiting for conditions, and the endings of a socket read
// out as one line of text, so that a test states a kernel fact as a transcript.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "net/address/address.h"
#include "net/socket/options.h"
#include "tests/harness/eventually.h"

namespace lastbyte::net::test {

using lastbyte::test::eventually;

/// Both ends of one connection, non-blocking.
struct Pair {
  Descriptor client;
  Descriptor server;
};

/// A listening socket on `ip` with a port of the kernel's choice; the test fails where that is impossible.
Descriptor listener(const std::string& ip = "127.0.0.1", const ListenOptions& options = {});
Descriptor accept_one(const Descriptor& listening);
Descriptor connect_to(const Address& address, const ConnectOptions& options = {});
Pair connected_pair(const ListenOptions& listen = {}, const ConnectOptions& connect = {});
/// The same over AF_UNIX.
Pair unix_pair();

/// Waits for one of poll(2)'s events; what was seen, 0 when nothing came within 20 seconds. POLLERR and POLLHUP always
/// count.
short wait_for(int fd, short events);
/// The events of this instant.
short events_now(int fd, short events);

bool send_all(const Descriptor& socket, std::string_view data);
/// Sends until the kernel takes no more; the bytes it took.
std::size_t fill(const Descriptor& socket);
/// Bytes that lie in the receive queue.
int unread(const Descriptor& socket);
/// Bytes that lie in the send queue and have never been sent.
std::uint32_t unsent(const Descriptor& socket);

/// The outcome of one call: "1000", "0" or "ECONNRESET".
std::string outcome(ssize_t result);
std::string send_one(const Descriptor& socket);
/// The outcomes of `calls` times recv(), each of which waits for something to come: "1000 ECONNRESET 0".
std::string receive(const Descriptor& socket, int calls);
/// The same with splice() into a pipe.
std::string receive_by_splice(const Descriptor& socket, int calls);
/// Reads to the end or the error; the number of bytes, and the error's name or "" for an end of file.
struct Drained {
  std::size_t bytes = 0;
  std::string error;
};
Drained drain(const Descriptor& socket);

/// "ESTABLISHED", "CLOSE_WAIT", ... of a TCP socket.
std::string state(const Descriptor& socket);
int integer_option(const Descriptor& socket, int level, int option);

/// While it lives, every segment that arrives for the socket is lost before TCP sees it.
class Deaf {
 public:
  /// Some kernels grant socket filters only to the privileged.
  static bool possible();
  explicit Deaf(const Descriptor& socket);
  ~Deaf();
  Deaf(const Deaf&) = delete;
  Deaf& operator=(const Deaf&) = delete;

 private:
  int fd_;
};

/// The fixture of tests that use Deaf: skips them where it is not possible.
class UnderLoss : public testing::Test {
 protected:
  void SetUp() override {
    if (!Deaf::possible()) GTEST_SKIP() << "this kernel does not let us attach a socket filter";
  }
};

/// Runs in a network namespace of its own with loopback up and one setting below /proc/sys/net/ made; false: this
/// machine does not allow that, nothing was run.
bool in_own_network(const std::string& setting, const std::string& value, const std::function<void()>& run);

}  // namespace lastbyte::net::test
