// A "guest": a process with its own root directory and mount namespace, and a file system inside it that may refuse to
// answer.
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <sys/types.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "base/descriptor.h"
#include "net/address/address.h"
#include "tests/harness/process.h"

namespace lastbyte::system_test {

/// Its root is a tmpfs with /run, /proc, and a directory with the name of `twin` outside.
class Guest {
 public:
  explicit Guest(const TemporaryDirectory& twin);
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  /// False: this machine does not allow it.
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// The name of its root in settings.
  [[nodiscard]] std::string name() const { return "pid:" + std::to_string(pid_); }
  /// Returns a guest's path as seen from outside. Symbolic links in it would be followed outside.
  [[nodiscard]] std::string outside(const std::string& path) const {
    return "/proc/" + std::to_string(pid_) + "/root" + path;
  }
  /// Returns a path below its directory in the guest's mount namespace.
  [[nodiscard]] std::string inside(const std::string& path) const { return directory_.path() + path; }
  [[nodiscard]] net::Address address(const std::string& path) const {
    return net::Address::unix_name(outside(path)).value_or(net::Address());
  }
  /// Calls a function in its mount namespace, in which the guest's root is inside("").
  [[nodiscard]] bool in_mounts(const std::function<bool()>& function) const;
  void link(const std::string& target, const std::string& path) const;
  void kill();

 private:
  void live(const std::string& twin, int told) const;

  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  bool up_ = false;
};

/// A FUSE file system in a guest, in which every name is a socket. Until release(), it answers only its initialisation
/// and, with `finds`, look-ups of names. After release(), all requests fail.
class StalledMount {
 public:
  StalledMount(const Guest& guest, const std::string& path, bool finds);
  ~StalledMount();
  StalledMount(const StalledMount&) = delete;
  StalledMount& operator=(const StalledMount&) = delete;

  /// False: this machine does not allow it.
  [[nodiscard]] bool up() const { return up_; }
  /// Number of requests read but not answered.
  [[nodiscard]] int waiting() const { return waiting_; }
  void release();

 private:
  void serve();
  bool answer(const char* request);

  Descriptor device_;
  bool finds_;
  bool up_ = false;
  std::atomic<int> waiting_ = 0;
  std::atomic<bool> released_ = false;
  std::thread server_;
};

/// Exchanges two files of the guest in a tight loop.
class Exchanging {
 public:
  Exchanging(std::string a, std::string b)
      : thread_([this, a = std::move(a), b = std::move(b)] {
          while (!ending_) ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
        }) {}
  ~Exchanging() {
    ending_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace lastbyte::system_test
