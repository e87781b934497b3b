#include "probe/heartbeat/beat.h"

#include <heartbeat.pb.h>

#include <algorithm>

namespace lastbyte::heartbeat {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::size_t kLongestLength = 2;  ///< bytes of a varint up to kLargestFrame
static_assert(kLargestFrame < 1U << (7 * kLongestLength));

/// The length before a frame (protobuf's base 128 varint).
struct Length {
  std::size_t bytes = 0;  ///< size of the length itself; 0: more bytes must come
  std::size_t frame = 0;
  bool too_long = false;
};

Length read_length(std::string_view bytes) {
  Length length;
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    const auto byte = static_cast<unsigned char>(bytes[index]);
    if (index == kLongestLength) return {.too_long = true};
    length.frame |= static_cast<std::size_t>(byte & 0x7fU) << (7 * index);
    if ((byte & 0x80U) != 0) continue;
    length.bytes = index + 1;
    length.too_long = length.frame > kLargestFrame;
    return length;
  }
  return {};
}

void append_length(std::string& out, std::size_t length) {
  for (; length >= 0x80; length >>= 7U) out += static_cast<char>((length & 0x7fU) | 0x80U);
  out += static_cast<char>(length);
}

/// MQTT 3.1.1 section 3.1.2.10: one and a half times the keep alive time.
Duration patience(Duration interval) { return interval + interval / 2; }

std::uint64_t microseconds_between(TimePoint from, TimePoint to) {
  return static_cast<std::uint64_t>(std::max<microseconds::rep>(duration_cast<microseconds>(to - from).count(), 0));
}

}  // namespace

std::string_view name(End end) {
  switch (end) {
    case End::silent: return "silent";
    case End::stalled: return "stalled";
    case End::oversized: return "oversized";
    case End::malformed: return "malformed";
  }
  return "?";
}

Beat::Beat(const Settings& settings, TimePoint now)
    : settings_(settings), began_(now), next_send_(now), heard_at_(now), peer_interval_(settings.interval) {}

std::vector<Heard> Beat::receive(std::span<const std::byte> bytes, TimePoint now) {
  std::vector<Heard> heard;
  if (end_) return heard;
  held_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::string_view rest = held_;
  while (!end_) {
    const Length length = read_length(rest);
    if (length.too_long) {
      break_off(End::oversized);
    } else if (length.bytes == 0 || rest.size() - length.bytes < length.frame) {
      break;
    } else {
      if (auto frame = take_frame(rest.substr(length.bytes, length.frame), now)) heard.push_back(*frame);
      rest.remove_prefix(length.bytes + length.frame);
    }
  }
  held_.erase(0, held_.size() - rest.size());
  return heard;
}

std::optional<Heard> Beat::take_frame(std::string_view bytes, TimePoint now) {
  v1::Frame frame;
  if (!frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || frame.sequence() == 0 ||
      frame.session() == 0 || frame.sent_us() == 0 || frame.interval_ms() == 0 ||
      Duration(frame.interval_ms()) > kLongestInterval) {
    break_off(End::malformed);
    return std::nullopt;
  }
  const bool is_ours = frame.peer_session() == settings_.session;
  const bool is_first = frame.peer_session() == 0 && !confirmed_;
  const bool is_known = peer_session_ == 0 || peer_session_ == frame.session();
  if (!(is_ours || is_first) || !is_known || frame.sequence() <= peer_sequence_) {
    ++counts_.replayed;
    return std::nullopt;
  }
  if (peer_session_ == 0) next_send_ = now;  // so the peer learns at once that its frame arrived
  peer_session_ = frame.session();
  peer_sequence_ = frame.sequence();
  peer_stamp_ = frame.sent_us();
  peer_interval_ = Duration(frame.interval_ms());
  heard_at_ = now;
  confirmed_ = is_ours;
  ++counts_.taken;
  return Heard{{frame.load_percent(), frame.draining()},
               peer_interval_,
               is_ours ? round_trip(frame.echo_us(), frame.held_us(), now) : std::nullopt,
               confirmed_};
}

std::optional<microseconds> Beat::round_trip(std::uint64_t echo, std::uint64_t held_us, TimePoint now) {
  if (echo <= last_echo_) return std::nullopt;
  const auto found = std::ranges::find(sent_, echo, &Sent::stamp);
  if (found == sent_.end()) return std::nullopt;
  last_echo_ = echo;
  const std::uint64_t passed = microseconds_between(found->at, now);
  if (held_us > passed) return std::nullopt;
  return microseconds(passed - held_us);
}

std::string Beat::due(TimePoint now) {
  if (end_ || now < next_send_) return {};
  v1::Frame frame;
  frame.set_sequence(++sequence_);
  frame.set_session(settings_.session);
  frame.set_peer_session(peer_session_);
  frame.set_interval_ms(static_cast<std::uint32_t>(settings_.interval.count()));
  // Stamps grow with each frame, so that two frames of one microsecond differ.
  Sent& sent = sent_[sequence_ % sent_.size()];
  const Sent& before = sent_[(sequence_ - 1) % sent_.size()];
  sent = {std::max(microseconds_between(began_, now) + 1, before.stamp + 1), now};
  frame.set_sent_us(sent.stamp);
  if (peer_stamp_ != 0) {
    frame.set_echo_us(peer_stamp_);
    frame.set_held_us(microseconds_between(heard_at_, now));
  }
  frame.set_load_percent(settings_.condition.load_percent);
  frame.set_draining(settings_.condition.draining);
  next_send_ = now + settings_.interval;
  ++counts_.sent;
  std::string out;
  append_length(out, frame.ByteSizeLong());
  frame.AppendToString(&out);
  return out;
}

void Beat::tell(Condition condition) {
  if (condition == settings_.condition) return;
  settings_.condition = condition;
  next_send_ = began_;
}

TimePoint Beat::dies() const { return heard_at_ + patience(peer_interval_); }

TimePoint Beat::next() const { return std::min(next_send_, dies()); }

std::optional<End> Beat::end(TimePoint now) {
  if (!end_ && now >= dies()) break_off(held_.empty() ? End::silent : End::stalled);
  return end_;
}

void Beat::break_off(End end) {
  end_ = end;
  switch (end) {
    case End::silent: break;
    case End::stalled: ++counts_.stalled; break;
    case End::oversized: ++counts_.oversized; break;
    case End::malformed: ++counts_.malformed; break;
  }
}

}  // namespace lastbyte::heartbeat
