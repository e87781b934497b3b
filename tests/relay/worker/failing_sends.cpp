#include "tests/relay/worker/failing_sends.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <optional>
#include <vector>

#include "loop/send_ring.h"
#include "tests/relay/worker/failing_memory.h"

namespace lastbyte::test {
namespace {

std::atomic<std::uint64_t> sends_made{0};
std::atomic<std::uint64_t> fault_at{UINT64_MAX};
std::atomic<int> fault_error{0};
std::atomic<bool> send_has_failed{false};
std::atomic<std::uint64_t> through_rings{0};

/// Whether it is this send's turn. nullopt: no; 0: it is short.
std::optional<int> next_fault() {
  if (sends_made.fetch_add(1) != fault_at.load()) return std::nullopt;
  send_has_failed = true;
  return fault_error.load();
}

class FailingRing : public loop::Sender {
 public:
  explicit FailingRing(std::unique_ptr<loop::Sender> ring) : ring_(std::move(ring)) {}
  [[nodiscard]] std::size_t least() const override { return 1; }
  std::size_t send(std::span<loop::Send> sends) override {
    for (loop::Send& each : sends) {
      const auto fault = next_fault();
      if (fault && *fault != 0) {
        each.result = -*fault;
        continue;
      }
      loop::Send asked = each;
      if (fault) asked.bytes = asked.bytes.first(1);
      if (ring_->send(std::span(&asked, 1)) != 1) return static_cast<std::size_t>(&each - sends.data());
      each.result = asked.result;
      ++through_rings;
    }
    return sends.size();
  }

 private:
  std::unique_ptr<loop::Sender> ring_;
};

}  // namespace

void fail_send(const SendFault& fault) {
  fault_at = UINT64_MAX;
  send_has_failed = false;
  fault_error = fault.error;
  sends_made = 0;
  fault_at = fault.number;
}

bool sends_work() {
  fault_at = UINT64_MAX;
  return send_has_failed;
}

bool has_failed_send() { return send_has_failed; }

Result<std::unique_ptr<loop::Sender>> make_failing_ring() {
  auto ring = loop::make_send_ring();
  if (!ring) return ring;
  return std::make_unique<FailingRing>(std::move(*ring));
}

std::uint64_t sends_through_rings() { return through_rings; }

}  // namespace lastbyte::test

extern "C" ssize_t send(int socket, const void* bytes, size_t size, int flags) {
  if (lastbyte::test::is_watched_thread()) {
    if (const auto fault = lastbyte::test::next_fault()) {
      if (*fault != 0) {
        errno = *fault;
        return -1;
      }
      size = 1;
    }
  }
  return ::syscall(SYS_sendto, socket, bytes, size, flags, nullptr, 0);
}
