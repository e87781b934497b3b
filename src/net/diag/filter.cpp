#include "net/diag/filter.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

namespace lastbyte::net::diag {
namespace {

std::span<const std::byte> ip_of(const Address& address) {
  if (address.family() == AF_INET6)
    return std::as_bytes(std::span(&reinterpret_cast<const sockaddr_in6*>(address.data())->sin6_addr, 1));
  return std::as_bytes(std::span(&reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr, 1));
}

/// A netlink message under construction. The length of every part is a multiple of 4 bytes.
class Message {
 public:
  template <typename Part>
    requires std::is_trivially_copyable_v<Part>
  void append(const Part& part) {
    append(std::as_bytes(std::span(&part, 1)));
  }
  void append(std::span<const std::byte> part) { bytes_.insert(bytes_.end(), part.begin(), part.end()); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

/// One operation of the kernel's filter (net/ipv4/inet_diag.c inet_diag_bc_run). `yes` and `no` are jumps in bytes: to
/// the program's end accepts the socket, 4 bytes beyond it rejects it.
struct Operation {
  std::uint8_t code = INET_DIAG_BC_NOP;
  std::vector<std::byte> argument = {};
  std::size_t no = 0;

  [[nodiscard]] std::size_t size() const { return sizeof(inet_diag_bc_op) + argument.size(); }
};

constexpr int kAnyPort = -1;

Operation has_host(std::uint8_t code, const Address& address) {
  const auto ip = ip_of(address);
  inet_diag_hostcond condition{};
  condition.family = static_cast<std::uint8_t>(address.family());
  condition.prefix_len = static_cast<std::uint8_t>(ip.size() * 8);
  condition.port = address.port() == 0 ? kAnyPort : address.port();
  Message argument;
  argument.append(condition);
  argument.append(ip);
  return {code, argument.take()};
}

/// The port to compare with is in the field `no` of a second operation.
Operation has_port(std::uint8_t code, std::uint16_t port) {
  Message argument;
  argument.append(inet_diag_bc_op{.code = INET_DIAG_BC_NOP, .yes = sizeof(inet_diag_bc_op), .no = port});
  return {code, argument.take()};
}

std::size_t size_of(std::span<const Operation> operations) {
  std::size_t sum = 0;
  for (const Operation& each : operations) sum += each.size();
  return sum;
}

/// Tests the destination, then the sources. A jump to the end follows each source but the last.
std::vector<Operation> program_of(const Filter& filter) {
  std::vector<Operation> program;
  // The index of the operation that follows a mismatch, or kReject, or kEnd.
  std::vector<std::size_t> next;
  constexpr std::size_t kReject = std::numeric_limits<std::size_t>::max();
  const auto add = [&](Operation operation, std::size_t no) {
    program.push_back(std::move(operation));
    next.push_back(no);
  };
  if (filter.to) add(has_host(INET_DIAG_BC_D_COND, *filter.to), kReject);
  std::vector<const Source*> sources;
  for (const Source& each : filter.from)
    if (each.family() == filter.family) sources.push_back(&each);
  constexpr std::size_t kEnd = kReject - 1;
  for (const Source* each : sources) {
    const bool is_last = each == sources.back();
    const std::size_t conditions = each->ports ? 3 : 1;
    const std::size_t otherwise = is_last ? kReject : program.size() + conditions + 1;
    add(has_host(INET_DIAG_BC_S_COND, each->address), otherwise);
    if (each->ports) {
      add(has_port(INET_DIAG_BC_S_GE, each->ports->first), otherwise);
      add(has_port(INET_DIAG_BC_S_LE, each->ports->last), otherwise);
    }
    if (!is_last) add({INET_DIAG_BC_JMP}, kEnd);
  }
  const std::span all(program);
  for (std::size_t index = 0; index < program.size(); ++index) {
    const auto rest = all.subspan(index);
    if (next[index] == kReject) {
      program[index].no = size_of(rest) + sizeof(inet_diag_bc_op);
    } else if (next[index] == kEnd) {
      program[index].no = size_of(rest);
    } else {
      program[index].no = size_of(rest.first(next[index] - index));
    }
  }
  return program;
}

inet_diag_req_v2 request_of(Protocol protocol, int family) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<std::uint8_t>(family);
  request.sdiag_protocol = protocol == Protocol::tcp ? IPPROTO_TCP : IPPROTO_UDP;
  return request;
}

constexpr std::uint8_t extension(int attribute) { return static_cast<std::uint8_t>(1U << (attribute - 1)); }

}  // namespace

Result<std::vector<std::byte>> dump_request(const Filter& filter) {
  const std::vector<Operation> program = program_of(filter);
  const std::size_t attribute_size = sizeof(nlattr) + size_of(program);
  if (attribute_size > std::numeric_limits<std::uint16_t>::max())
    return failure("filter sockets by " + std::to_string(filter.from.size()) + " source addresses", E2BIG);
  nlmsghdr header{};
  header.nlmsg_len = sizeof(nlmsghdr) + sizeof(inet_diag_req_v2);
  if (!program.empty()) header.nlmsg_len += static_cast<std::uint32_t>(attribute_size);
  header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  inet_diag_req_v2 request = request_of(filter.protocol, filter.family);
  request.idiag_states = filter.states;
  if (filter.with_details)
    request.idiag_ext = extension(INET_DIAG_INFO) | extension(INET_DIAG_CONG) | extension(INET_DIAG_TOS) |
                        extension(INET_DIAG_SKMEMINFO);
  Message message;
  message.append(header);
  message.append(request);
  if (program.empty()) return message.take();
  message.append(nlattr{.nla_len = static_cast<std::uint16_t>(attribute_size), .nla_type = INET_DIAG_REQ_BYTECODE});
  for (const Operation& each : program) {
    message.append(inet_diag_bc_op{
        .code = each.code, .yes = static_cast<std::uint8_t>(each.size()), .no = static_cast<std::uint16_t>(each.no)});
    message.append(std::span<const std::byte>(each.argument));
  }
  return message.take();
}

std::vector<std::byte> destroy_request(const Socket& socket) {
  nlmsghdr header{};
  header.nlmsg_len = sizeof(nlmsghdr) + sizeof(inet_diag_req_v2);
  header.nlmsg_type = SOCK_DESTROY;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  inet_diag_req_v2 request = request_of(socket.protocol, socket.local.family());
  request.idiag_states = kAllStates;
  inet_diag_sockid& id = request.id;
  id.idiag_sport = htons(socket.local.port());
  id.idiag_dport = htons(socket.remote.port());
  std::memcpy(id.idiag_src, ip_of(socket.local).data(), ip_of(socket.local).size());
  std::memcpy(id.idiag_dst, ip_of(socket.remote).data(), ip_of(socket.remote).size());
  id.idiag_if = socket.interface;
  id.idiag_cookie[0] = static_cast<std::uint32_t>(socket.cookie);
  id.idiag_cookie[1] = static_cast<std::uint32_t>(socket.cookie >> 32U);
  Message message;
  message.append(header);
  message.append(request);
  return message.take();
}

}  // namespace lastbyte::net::diag
