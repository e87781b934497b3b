#include "probe/dns/channel.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unordered_map>
#include <utility>

namespace lastbyte::probe::dns {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr int kTries = 3;
constexpr Duration kLongestTry{2000};

/// Distinguishes the versions of a file; all 0: there is no file.
struct FileVersion {
  ino_t inode = 0;
  off_t size = 0;
  timespec modified{};

  static FileVersion of(const char* path) {
    struct stat status{};
    if (::stat(path, &status) != 0) return {};
    return {status.st_ino, status.st_size, status.st_mtim};
  }
  friend bool operator==(const FileVersion& a, const FileVersion& b) {
    return a.inode == b.inode && a.size == b.size && a.modified.tv_sec == b.modified.tv_sec &&
           a.modified.tv_nsec == b.modified.tv_nsec;
  }
};

std::string csv(const std::vector<net::Address>& servers) {
  std::string out;
  for (const net::Address& each : servers) out += (out.empty() ? "" : ",") + each.text();
  return out;
}

}  // namespace

class Channel::Impl {
 public:
  explicit Impl(asio::io_context& io) : io_(io), timer_(io) {}
  ~Impl() {
    *alive_ = false;
    if (channel_ != nullptr) ::ares_destroy(channel_);
    for (auto& [fd, socket] : sockets_) socket->descriptor.release();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> open(const std::vector<net::Address>& servers, Duration timeout) {
    own_servers_ = !servers.empty();
    version_ = FileVersion::of(kResolvConf);
    ares_options options{};
    options.timeout = static_cast<int>(std::clamp(timeout / 2, Duration(1), kLongestTry).count());
    options.tries = kTries;
    options.flags = ARES_FLAG_NOALIASES | ARES_FLAG_NOSEARCH;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<Impl*>(self)->wants(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    int status = ::ares_init_options(&channel_, &options,
                                     ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
    if (status == ARES_SUCCESS && own_servers_) status = ::ares_set_servers_ports_csv(channel_, csv(servers).c_str());
    if (status != ARES_SUCCESS) return failure("open a DNS channel", 0, ::ares_strerror(status));
    return {};
  }

  void ask(const std::string& name, RecordType type, std::function<void(Message)> done) {
    auto* question = new Question{io_, alive_, type, std::move(done)};
    ::ares_query(
        channel_, name.c_str(), ns_c_in, number(type),
        [](void* own, int status, int, unsigned char* answer, int length) {
          const std::unique_ptr<Question> asked(static_cast<Question*>(own));
          if (!*asked->alive) return;
          // Call `done` later, because it may destroy the channel.
          asio::post(asked->io, [alive = asked->alive, done = std::move(asked->done),
                                 message = heard(asked->type, status, answer, length)]() mutable {
            if (*alive) done(std::move(message));
          });
        },
        question);
    arm();
  }

  [[nodiscard]] bool is_outdated() const { return !own_servers_ && !(FileVersion::of(kResolvConf) == version_); }

 private:
  struct Question {
    asio::io_context& io;
    std::shared_ptr<bool> alive;
    RecordType type;
    std::function<void(Message)> done;
  };

  /// A socket of c-ares. c-ares closes it.
  struct Socket {
    explicit Socket(asio::io_context& io) : descriptor(io) {}
    asio::posix::stream_descriptor descriptor;
    bool reads = false;
    bool writes = false;
    bool waits_to_read = false;
    bool waits_to_write = false;
  };

  static Message heard(RecordType type, int status, const unsigned char* answer, int length) {
    // Only these statuses come with a message that c-ares has parsed. Negative answers are among them.
    if ((status == ARES_SUCCESS || status == ARES_ENODATA || status == ARES_ENOTFOUND || status == ARES_ESERVFAIL ||
         status == ARES_EREFUSED || status == ARES_EFORMERR || status == ARES_ENOTIMP) &&
        answer != nullptr && length > 0)
      return read_message(std::as_bytes(std::span(answer, static_cast<std::size_t>(length))), type);
    if (status == ARES_ETIMEOUT) return Broken{"no server answered in time"};
    // After SERVFAIL, NOTIMP and REFUSED, c-ares asks the next server. At the end it does not report which of them
    // occurred.
    if (status == ARES_ECONNREFUSED) return Broken{"no server answered: each one failed, refused or was unreachable"};
    return Broken{::ares_strerror(status)};
  }

  void wants(ares_socket_t fd, bool readable, bool writable) {
    auto found = sockets_.find(fd);
    if (!readable && !writable) {
      if (found == sockets_.end()) return;
      found->second->descriptor.release();  // c-ares closes it next
      sockets_.erase(found);
      return;
    }
    if (found == sockets_.end()) {
      auto socket = std::make_shared<Socket>(io_);
      error_code error;
      socket->descriptor.assign(fd, error);
      if (error) return;  // the kernel has no room for the socket: the question ends by its timeout
      found = sockets_.emplace(fd, std::move(socket)).first;
    }
    found->second->reads = readable;
    found->second->writes = writable;
    wait(fd, found->second);
  }

  void wait(ares_socket_t fd, const std::shared_ptr<Socket>& socket) {
    using Wait = asio::posix::stream_descriptor;
    if (socket->reads && !socket->waits_to_read) {
      socket->waits_to_read = true;
      socket->descriptor.async_wait(Wait::wait_read, [this, alive = alive_, fd, socket](const error_code& error) {
        socket->waits_to_read = false;
        if (*alive && !error) process(fd, ARES_SOCKET_BAD, socket);
      });
    }
    if (socket->writes && !socket->waits_to_write) {
      socket->waits_to_write = true;
      socket->descriptor.async_wait(Wait::wait_write, [this, alive = alive_, fd, socket](const error_code& error) {
        socket->waits_to_write = false;
        if (*alive && !error) process(ARES_SOCKET_BAD, fd, socket);
      });
    }
  }

  void process(ares_socket_t reads, ares_socket_t writes, const std::shared_ptr<Socket>& socket) {
    const std::shared_ptr<bool> alive = alive_;
    const ares_socket_t fd = reads != ARES_SOCKET_BAD ? reads : writes;
    if (const auto found = sockets_.find(fd); found == sockets_.end() || found->second != socket) return;
    ::ares_process_fd(channel_, reads, writes);
    if (!*alive) return;
    // c-ares reports only changes: the socket may still be wanted as before.
    if (const auto found = sockets_.find(fd); found != sockets_.end() && found->second == socket) wait(fd, socket);
    arm();
  }

  void arm() {
    timeval room{};
    const timeval* next = ::ares_timeout(channel_, nullptr, &room);
    if (next == nullptr) {
      timer_.cancel();
      return;
    }
    timer_.expires_after(std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec) + Duration(1));
    timer_.async_wait([this, alive = alive_](const error_code& error) {
      if (error || !*alive) return;
      ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      if (*alive) arm();
    });
  }

  asio::io_context& io_;
  asio::steady_timer timer_;
  ares_channel channel_ = nullptr;
  std::unordered_map<ares_socket_t, std::shared_ptr<Socket>> sockets_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool own_servers_ = false;
  FileVersion version_;
};

Channel::Channel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Channel::~Channel() = default;

Result<std::shared_ptr<Channel>> Channel::open(asio::io_context& io, const std::vector<net::Address>& servers,
                                               Duration timeout) {
  auto impl = std::make_unique<Impl>(io);
  if (auto opened = impl->open(servers, timeout); !opened) return Failure(opened.error());
  return std::shared_ptr<Channel>(new Channel(std::move(impl)));
}

void Channel::ask(const std::string& name, RecordType type, std::function<void(Message)> done) {
  impl_->ask(name, type, std::move(done));
}

bool Channel::is_outdated() const { return impl_->is_outdated(); }

}  // namespace lastbyte::probe::dns
