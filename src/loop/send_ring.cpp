#include "loop/send_ring.h"

#include <liburing.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

namespace lastbyte::loop {
namespace {

/// Theory of operation. With MSG_DONTWAIT a send never waits for room: the kernel completes it during the submission,
/// with EAGAIN if the socket is full (io_uring/net.c io_send, REQ_F_NOWAIT). One io_uring_enter(2) therefore submits
/// all sends and returns all results. Nothing is under way between two calls, and no buffer has to outlive a call.
class SendRing : public Sender {
 public:
  /// Returns the errno, 0 on success.
  int open() {
    io_uring_params wanted{};
    wanted.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL;
    const int error = -::io_uring_queue_init_params(kMost, &ring_, &wanted);
    is_open_ = error == 0;
    return error;
  }
  ~SendRing() override {
    if (is_open_) ::io_uring_queue_exit(&ring_);
  }

  [[nodiscard]] std::size_t least() const override { return 4; }

  std::size_t send(std::span<Send> sends) override {
    for (Send& each : sends) {
      io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);  // the ring has an entry for each send
      ::io_uring_prep_send(entry, each.socket, each.bytes.data(), each.bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      ::io_uring_sqe_set_data(entry, &each);
    }
    std::size_t submitted = 0;
    std::size_t completed = 0;
    while (completed < sends.size()) {
      const int done = ::io_uring_submit_and_wait(&ring_, static_cast<unsigned>(sends.size() - completed));
      if (done > 0) submitted += static_cast<std::size_t>(done);
      completed += take_results();
      if (done >= 0 || done == -EINTR) continue;
      // The submitted sends have their results now. The others are still in the ring, so the caller must give up the
      // ring before anything submits them.
      while (completed < submitted && ::io_uring_wait_cqe(&ring_, &last_) == 0) completed += take_results();
      errno = -done;
      return submitted;
    }
    return sends.size();
  }

 private:
  std::size_t take_results() {
    std::size_t taken = 0;
    unsigned head = 0;
    io_uring_cqe* entry = nullptr;
    io_uring_for_each_cqe(&ring_, head, entry) {
      static_cast<Send*>(::io_uring_cqe_get_data(entry))->result = entry->res;
      ++taken;
    }
    ::io_uring_cq_advance(&ring_, static_cast<unsigned>(taken));
    return taken;
  }

  io_uring ring_{};
  io_uring_cqe* last_ = nullptr;
  bool is_open_ = false;
};

}  // namespace

Result<std::unique_ptr<Sender>> make_send_ring() {
  auto ring = std::make_unique<SendRing>();
  const int error = ring->open();
  if (error != 0) return failure("io_uring_setup", error);
  return ring;
}

}  // namespace lastbyte::loop
