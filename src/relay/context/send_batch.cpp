#include "relay/context/send_batch.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace lastbyte::relay {
namespace {

constexpr std::size_t kCacheLine = 64;

ssize_t send_plainly(const loop::Send& send) {
  const ssize_t put = ::send(send.socket, send.bytes.data(), send.bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return put < 0 ? -errno : put;
}

}  // namespace

void SendBatch::use(std::unique_ptr<loop::Sender> sender, std::function<void(int error)> gone) {
  arena_ = std::make_unique_for_overwrite<std::array<std::byte, kArena>>();
  for (auto* list : {&owners_, &settling_}) list->reserve(loop::Sender::kMost);
  sends_.reserve(loop::Sender::kMost);
  gone_ = std::move(gone);
  sender_ = std::move(sender);
}

std::span<std::byte> SendBatch::room() {
  if (!open_ || sends_.size() == loop::Sender::kMost || kArena - used_ < kBlockSize) return {};
  return std::span(*arena_).subspan(used_, kBlockSize);
}

void SendBatch::add(Session& session, termination::Which source, int socket, std::span<const std::byte> bytes) {
  used_ += (bytes.size() + kCacheLine - 1) / kCacheLine * kCacheLine;
  sends_.push_back({.socket = socket, .bytes = bytes});
  owners_.push_back({.session = &session, .source = source, .bytes = bytes});
}

std::size_t SendBatch::forget(const Session& session, termination::Which source) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < owners_.size();) {
    if (owners_[i].session != &session || owners_[i].source != source) {
      ++i;
      continue;
    }
    bytes += owners_[i].bytes.size();
    owners_.erase(owners_.begin() + static_cast<std::ptrdiff_t>(i));
    sends_.erase(sends_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return bytes;
}

void SendBatch::carry_out() {
  std::size_t done = 0;
  if (sender_ && sends_.size() >= sender_->least()) {
    done = sender_->send(sends_);
    if (done < sends_.size()) {
      const int error = errno;
      sender_.reset();
      gone_(error);
    }
  }
  for (loop::Send& each : std::span(sends_).subspan(done)) each.result = send_plainly(each);
  for (std::size_t i = 0; i < sends_.size(); ++i) owners_[i].result = sends_[i].result;
  sends_.clear();
  settling_.clear();
  settling_.swap(owners_);
}

}  // namespace lastbyte::relay
