// A "guest": a process with a root directory and a mount namespace of its own, and a file system in there that need not
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

/// Its root is a tmpfs with /run, /proc and a directory of the same name as `twin` has out here.
class Guest {
 public:
  explicit Guest(const TemporaryDirectory& twin);
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  /// False: this machine does not allow it.
  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// As settings name its root.
  [[nodiscard]] std::string name() const { return "pid:" + std::to_string(pid_); }
  /// A path of the guest, as it is seen out here; symbolic links would be followed out here.
  [[nodiscard]] std::string outside(const std::string& path) const {
    return "/proc/" + std::to_string(pid_) + "/root" + path;
  }
  /// Its directory in the mount namespace of the guest.
  [[nodiscard]] std::string inside(const std::string& path) const { return directory_.path() + path; }
  [[nodiscard]] net::Address address(const std::string& path) const {
    return net::Address::unix_name(outside(path)).value_or(net::Address());
  }
  /// Calls a function in its mount namespace, in which its root is inside("").
  [[nodiscard]] bool in_mounts(const std::function<bool()>& function) const;
  void link(const std::string& target, const std::string& path) const;
  void kill();

 private:
  void live(const std::string& twin, int told) const;

  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  bool up_ = false;
};

/// A FUSE file system in a guest, in which every name is a socket. It answers nothing but its beginning and, with
/// `finds`, what a name is, until it is released; then all requests fail.
class StalledMount {
 public:
  StalledMount(const Guest& guest, const std::string& path, bool finds);
  ~StalledMount();
  StalledMount(const StalledMount&) = delete;
  StalledMount& operator=(const StalledMount&) = delete;

  /// False: this machine does not allow it.
  [[nodiscard]] bool up() const { return up_; }
  /// Requests that have been read and not answered.
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

/// Exchanges two files of the guest as fast as it can.
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
