// Reads the kernel's text of TCP's tracepoints. An instance of tracefs of its own keeps it from disturbing other users.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/descriptor.h"
#include "kernel/watch/source.h"
#include "kernel/watch/trace_line.h"

namespace lastbyte::kernel {
namespace {

constexpr std::array<const char*, 2> kMounts{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
constexpr std::string_view kPrefix = "lastbyte-";

Result<void> write_to(const std::string& path, std::string_view text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_TRUNC));
  if (!file || ::write(file.get(), text.data(), text.size()) < 0) return failure_from_errno("write " + path);
  return {};
}

/// Removes the instances of killed processes.
void remove_leftovers(const std::string& instances) {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(instances, none)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kPrefix)) continue;
    pid_t pid = 0;
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), pid);
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) ::rmdir((instances + name).c_str());
  }
}

class Instance final : public EventSource {
 public:
  Instance(std::string path, std::uint32_t kinds) : path_(std::move(path)), kinds_(kinds) {}
  ~Instance() override {
    pipe_.close();
    ::rmdir(path_.c_str());  // the kernel removes the contents
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  Result<void> start() {
    // The clock `mono` makes the times comparable with CLOCK_MONOTONIC.
    if (auto set = write_to(path_ + "/trace_clock", "mono"); !set) return set;
    for (const char* each : {"tcp/tcp_send_reset", "tcp/tcp_receive_reset"})
      if (auto enabled = write_to(path_ + "/events/" + each + "/enable", "1"); !enabled) return enabled;
    const std::uint32_t resets = 3;
    if ((kinds_ & ~resets) != 0)
      if (auto enabled = write_to(path_ + "/events/sock/inet_sock_set_state/enable", "1"); !enabled) return enabled;
    pipe_ = Descriptor(::open((path_ + "/trace_pipe").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!pipe_) return failure_from_errno("open " + path_ + "/trace_pipe");
    return {};
  }

  [[nodiscard]] int fd() const override { return pipe_.get(); }
  [[nodiscard]] std::uint64_t lost() const override { return lost_; }

  Result<void> take(const Sink& sink) override {
    std::array<char, 8192> chunk;
    for (;;) {
      const ssize_t got = ::read(pipe_.get(), chunk.data(), chunk.size());
      if (got < 0 && errno != EAGAIN && errno != EINTR) return failure_from_errno("read " + path_ + "/trace_pipe");
      if (got <= 0) return {};
      text_.append(chunk.data(), static_cast<std::size_t>(got));
      hand_over(sink);
    }
  }

 private:
  void hand_over(const Sink& sink) {
    std::size_t begin = 0;
    for (std::size_t end = text_.find('\n'); end != std::string::npos; end = text_.find('\n', begin)) {
      const auto read = read_trace_line(std::string_view(text_).substr(begin, end - begin), kinds_);
      if (const auto* event = std::get_if<TcpEvent>(&read)) sink.event(*event);
      if (const auto* dropped = std::get_if<LostEvents>(&read)) lost_ += dropped->count;
      begin = end + 1;
    }
    text_.erase(0, begin);
  }

  std::string path_;
  std::uint32_t kinds_;
  Descriptor pipe_;
  std::string text_;
  std::uint64_t lost_ = 0;
};

}  // namespace

Result<std::unique_ptr<EventSource>> open_tracefs(const SourceSettings& settings) {
  for (const std::string mount : kMounts) {
    if (::access((mount + "/events/tcp/tcp_send_reset").c_str(), F_OK) != 0) continue;
    const std::string instances = mount + "/instances/";
    remove_leftovers(instances);
    const std::string path = instances + std::string(kPrefix) + std::to_string(::getpid());
    if (::mkdir(path.c_str(), 0700) != 0) return failure_from_errno("make the instance " + path);
    auto instance = std::make_unique<Instance>(path, settings.kinds);
    if (auto started = instance->start(); !started) return Failure(started.error());
    return instance;
  }
  return failure("use tracefs", 0,
                 "it is not mounted, may not be read, or has no tcp_send_reset (mount -t tracefs tracefs "
                 "/sys/kernel/tracing)");
}

}  // namespace lastbyte::kernel
