// Shared by the tests of net: connected pairs over loopback, waiting for conditions, and the endings of a socket as one
// line of text, so that a test states a kernel fact as a transcript.
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

/// Listens on `ip`, on a port that the kernel chooses. The test fails if it cannot.
Descriptor listener(const std::string& ip = "127.0.0.1", const ListenOptions& options = {});
Descriptor accept_one(const Descriptor& listening);
/// Returns when the connection is established, even if the peer has reset it since. The test fails if it never was.
Descriptor connect_to(const Address& address, const ConnectOptions& options = {});
Pair connected_pair(const ListenOptions& listen = {}, const ConnectOptions& connect = {});
/// As connected_pair(), over AF_UNIX.
Pair unix_pair();

/// Waits for one of poll(2)'s events. Returns the events; 0 if none came within 20 seconds. POLLERR and POLLHUP always
/// count.
short wait_for(int fd, short events);
/// Returns the present events.
short events_now(int fd, short events);

bool send_all(const Descriptor& socket, std::string_view data);
/// Sends until the kernel takes no more. Returns the number of bytes that it took.
std::size_t fill(const Descriptor& socket);
/// Bytes in the receive queue.
int unread(const Descriptor& socket);
/// Bytes in the send queue that were never sent.
std::uint32_t unsent(const Descriptor& socket);

/// Returns the outcome of one call: "1000", "0" or "ECONNRESET".
std::string outcome(ssize_t result);
std::string send_one(const Descriptor& socket);
/// Returns the outcomes of `calls` calls of recv(). Each waits until something comes: "1000 ECONNRESET 0".
std::string receive(const Descriptor& socket, int calls);
/// As receive(), with splice() into a pipe.
std::string receive_by_splice(const Descriptor& socket, int calls);
/// The result of reading to the end: the number of bytes, and the error's name, or "" for an end of file.
struct Drained {
  std::size_t bytes = 0;
  std::string error;
};
Drained drain(const Descriptor& socket);

/// Returns a TCP socket's state: "ESTABLISHED", "CLOSE_WAIT", ...
std::string state(const Descriptor& socket);
int integer_option(const Descriptor& socket, int level, int option);

/// While this object lives, every segment for the socket is lost before TCP sees it.
class Deaf {
 public:
  /// Some kernels allow socket filters only to privileged processes.
  static bool possible();
  explicit Deaf(const Descriptor& socket);
  ~Deaf();
  Deaf(const Deaf&) = delete;
  Deaf& operator=(const Deaf&) = delete;

 private:
  int fd_;
};

/// The fixture of tests that use Deaf: skips them if Deaf is not possible.
class UnderLoss : public testing::Test {
 protected:
  void SetUp() override {
    if (!Deaf::possible()) GTEST_SKIP() << "this kernel does not let us attach a socket filter";
  }
};

/// Runs `run` in a network namespace of its own, with loopback up and one setting below /proc/sys/net/ changed. Returns
/// false if this machine does not allow that: then nothing was run.
bool in_own_network(const std::string& setting, const std::string& value, const std::function<void()>& run);

}  // namespace lastbyte::net::test
