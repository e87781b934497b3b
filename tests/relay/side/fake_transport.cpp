#include "tests/relay/side/fake_transport.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "relay/side/transport.h"

namespace lastbyte::relay {
namespace {

std::map<const Side*, FakeSocket>& fakes() {
  static std::map<const Side*, FakeSocket> all;
  return all;
}

std::map<const Pipe*, std::string>& pipes() {
  static std::map<const Pipe*, std::string> all;
  return all;
}

ssize_t fails(int error) {
  errno = error;
  return -1;
}

ssize_t take_input(const Side& from, std::byte* room, std::size_t most, bool keeps = false) {
  FakeSocket& socket = fake(from);
  ++socket.calls;
  if (socket.input.empty()) return fails(EAGAIN);
  FakeSocket::Input& next = socket.input.front();
  if (next.bytes.empty()) {
    const int error = next.error;
    if (!keeps && error != 0) socket.input.pop_front();  // an errno is given once
    return error == 0 ? 0 : fails(error);
  }
  const std::size_t bytes = std::min(most, next.bytes.size());
  if (room != nullptr) std::memcpy(room, next.bytes.data(), bytes);
  if (keeps) return static_cast<ssize_t>(bytes);
  next.bytes.erase(0, bytes);
  next.descriptors = 0;
  if (next.bytes.empty()) socket.input.pop_front();
  return static_cast<ssize_t>(bytes);
}

ssize_t give_output(const Side& to, const std::byte* bytes, std::size_t size) {
  FakeSocket& socket = fake(to);
  ++socket.calls;
  const std::size_t taken = std::min(size, socket.room);
  if (taken == 0) return fails(socket.write_error == 0 ? EAGAIN : socket.write_error);
  socket.output.append(reinterpret_cast<const char*>(bytes), taken);
  socket.room -= taken;
  return static_cast<ssize_t>(taken);
}

}  // namespace

FakeSocket& fake(const Side& side) { return fakes()[&side]; }

void forget_fakes() {
  fakes().clear();
  pipes().clear();
}

namespace transport {

void keep_urgent_inline(Side& side) { side.quirks.urgent_is_inline = true; }
void expect_end(Side& side) {
  side.ready.readable = side.ready.hung_up = true;
  keep_urgent_inline(side);
}
std::size_t most_in_one_read(const Side& /*to*/) { return kBlockSize; }
bool may_splice(const Side& from, const Side& to) {
  return from.kind != net::Transport::udp && to.kind == net::Transport::tcp;
}
bool carries_descriptors(const Side& from, const Side& to) {
  return from.kind == net::Transport::unix_stream && to.kind == net::Transport::unix_stream;
}
bool short_read_empties(const Side& from) { return from.kind == net::Transport::tcp; }
bool empty_read_ends(const Side& from) { return from.kind != net::Transport::udp; }
bool only_tells_size(const Side& side, int error) { return side.kind == net::Transport::udp && error == EMSGSIZE; }

ssize_t read(Side& from, std::span<std::byte> room) { return take_input(from, room.data(), room.size()); }
ssize_t peek(Side& from, std::span<std::byte> room) { return take_input(from, room.data(), room.size(), true); }
void prepare_write(Side& to) { to.quirks.nodelay = true; }
bool may_batch(const Side& to) { return to.kind != net::Transport::udp; }
ssize_t write(Side& to, std::span<const std::byte> bytes) { return give_output(to, bytes.data(), bytes.size()); }

ssize_t splice_in(Side& from, Pipe& pipe) {
  std::string room(kPipeSize, '\0');
  const ssize_t got = take_input(from, reinterpret_cast<std::byte*>(room.data()), room.size());
  fake(from).splices = true;
  if (got > 0) pipes()[&pipe].append(room, 0, static_cast<std::size_t>(got));
  return got;
}

ssize_t splice_out(Pipe& pipe, Side& to, std::size_t most) {
  std::string& held = pipes()[&pipe];
  to.quirks.spliced_into = true;
  const ssize_t put = give_output(to, reinterpret_cast<const std::byte*>(held.data()), std::min(most, held.size()));
  if (put > 0) held.erase(0, static_cast<std::size_t>(put));
  return put;
}

ssize_t read_and_forget(Side& from, Block& /*room*/, std::size_t most, bool keep_last_byte) {
  FakeSocket& socket = fake(from);
  if (keep_last_byte && from.kind == net::Transport::unix_stream && !socket.input.empty() &&
      socket.input.front().bytes.size() > 1)
    most = std::min(most, socket.input.front().bytes.size() - 1);
  return take_input(from, nullptr, most);
}

bool only_last_byte_waits(const Side& from) {
  const FakeSocket& socket = fake(from);
  return from.kind == net::Transport::unix_stream && socket.input.size() == 1 && socket.input.front().bytes.size() == 1;
}

net::Ahead look_ahead(Side& from) {
  const FakeSocket& socket = fake(from);
  if (socket.input.empty()) return {.bytes = fails(EAGAIN)};
  const auto& next = socket.input.front();
  if (next.bytes.empty()) return {.bytes = next.error == 0 ? 0 : fails(next.error)};
  return {.bytes = static_cast<ssize_t>(std::min(next.bytes.size(), net::kLookAhead)),
          .descriptors = next.descriptors > 0};
}

bool takes_bytes_now(Side& to) { return fake(to).room > 0 || fake(to).write_error != 0; }

net::WithDescriptors read_with_descriptors(Side& from, std::span<std::byte> room) {
  net::WithDescriptors out;
  FakeSocket& socket = fake(from);
  if (!socket.input.empty()) {
    out.descriptors.resize(static_cast<std::size_t>(socket.input.front().descriptors));
    out.lost_some = socket.input.front().loses_some;
  }
  out.bytes = take_input(from, room.data(), room.size());
  return out;
}

ssize_t write_with_descriptors(Side& to, std::span<const std::byte> bytes, const std::vector<Descriptor>& descriptors) {
  const ssize_t put = give_output(to, bytes.data(), bytes.size());
  if (put > 0) fake(to).passed += static_cast<int>(descriptors.size());
  return put;
}

bool has_received_all(const Side& side) { return fake(side).received; }
std::optional<net::PeerCredentials> credentials(const Side& /*side*/) {
  return net::PeerCredentials{.pid = 1, .uid = 7, .gid = 7};
}
bool fin_has_come(const Side& side) { return fake(side).fin_came; }

}  // namespace transport
}  // namespace lastbyte::relay
