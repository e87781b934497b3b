#include "tests/harness/guest.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace lastbyte::system_test {

namespace fs = std::filesystem;

Guest::Guest(const TemporaryDirectory& twin) {
  std::array<int, 2> told{};
  if (::pipe2(told.data(), O_CLOEXEC) != 0) return;
  const Descriptor reading(told[0]);
  Descriptor writing(told[1]);
  pid_ = ::fork();
  if (pid_ == 0) {
    live(twin.path(), writing.get());
    ::_exit(1);
  }
  writing.close();
  char byte = 0;
  up_ = ::read(reading.get(), &byte, 1) == 1;
}

void Guest::live(const std::string& twin, int told) const {
  ::alarm(120);  // ends the child whatever happens to the test
  const std::string root = directory_.path();
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
  if (::mount("tmpfs", root.c_str(), "tmpfs", 0, "mode=0755") != 0) return;
  std::error_code error;
  for (const char* each : {"/run", "/proc"}) fs::create_directories(root + each, error);
  fs::create_directories(root + twin, error);
  if (error || ::mount("proc", (root + "/proc").c_str(), "proc", 0, nullptr) != 0) return;
  if (::chroot(root.c_str()) != 0 || ::chdir("/") != 0 || ::write(told, "x", 1) != 1) return;
  for (;;) ::pause();
}

Guest::~Guest() { kill(); }

void Guest::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool Guest::in_mounts(const std::function<bool()>& function) const {
  bool done = false;
  std::thread([&] {
    const Descriptor mounts(::open(("/proc/" + std::to_string(pid_) + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC));
    done = ::unshare(CLONE_FS) == 0 && ::setns(mounts.get(), CLONE_NEWNS) == 0 && function();
  }).join();
  return done;
}

void Guest::link(const std::string& target, const std::string& path) const {
  ASSERT_EQ(::symlink(target.c_str(), outside(path).c_str()), 0) << path;
}

StalledMount::StalledMount(const Guest& guest, const std::string& path, bool finds)
    : device_(::open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK)), finds_(finds) {
  if (!device_) return;
  fs::create_directory(guest.outside(path));
  const std::string options =
      "fd=" + std::to_string(device_.get()) + ",rootmode=40755,user_id=0,group_id=0,allow_other,default_permissions";
  const std::string place = guest.inside(path);
  up_ = guest.in_mounts(
      [&] { return ::mount("stalled", place.c_str(), "fuse", MS_NOSUID | MS_NODEV, options.c_str()) == 0; });
  if (up_) server_ = std::thread([this] { serve(); });
}

StalledMount::~StalledMount() { release(); }

void StalledMount::release() {
  released_ = true;
  if (server_.joinable()) server_.join();
  device_.close();  // the kernel then fails all pending requests (fs/fuse/dev.c fuse_dev_release)
}

void StalledMount::serve() {
  alignas(fuse_in_header) std::array<char, FUSE_MIN_READ_BUFFER + 128 * 1024> request{};
  while (!released_) {
    pollfd readable{.fd = device_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, 20) <= 0) continue;
    if (::read(device_.get(), request.data(), request.size()) <= 0) continue;
    if (!answer(request.data())) ++waiting_;
  }
}

bool StalledMount::answer(const char* request) {
  fuse_in_header in{};
  std::memcpy(&in, request, sizeof in);
  fuse_out_header out{};
  out.unique = in.unique;
  fuse_init_out began{};
  began.major = FUSE_KERNEL_VERSION;
  began.minor = FUSE_KERNEL_MINOR_VERSION;
  began.max_write = 4096;
  fuse_entry_out entry{};
  entry.nodeid = 2;
  entry.entry_valid = 3600;
  entry.attr.ino = 2;
  entry.attr.mode = S_IFSOCK | 0777;
  entry.attr.nlink = 1;
  // The root's attributes, valid for as long as any test needs: the kernel requests them before it looks up a name.
  fuse_attr_out attributes{};
  attributes.attr_valid = 3600;
  attributes.attr.ino = 1;
  attributes.attr.mode = S_IFDIR | 0755;
  attributes.attr.nlink = 2;
  const auto send = [&](const void* body, std::size_t size) {
    out.len = static_cast<std::uint32_t>(sizeof out + size);
    const std::array<iovec, 2> parts{iovec{&out, sizeof out}, iovec{const_cast<void*>(body), size}};
    return ::writev(device_.get(), parts.data(), parts.size()) == static_cast<ssize_t>(out.len);
  };
  switch (in.opcode) {
    case FUSE_INIT: return send(&began, sizeof began);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET: return true;  // this request needs no answer
    case FUSE_GETATTR: return in.nodeid == FUSE_ROOT_ID && send(&attributes, sizeof attributes);
    case FUSE_STATFS: {
      const fuse_statfs_out none{};
      return send(&none, sizeof none);
    }
    case FUSE_LOOKUP: return finds_ && send(&entry, sizeof entry);
    default: return false;
  }
}

}  // namespace lastbyte::system_test
