// Builds DNS messages byte by byte, for tests.
#pragma once

#include <arpa/inet.h>
#include <arpa/nameser.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "probe/dns/message.h"

namespace lastbyte::probe::dns::test {

inline std::string u16(std::uint32_t value) {
  return {static_cast<char>(value >> 8U & 0xffU), static_cast<char>(value & 0xffU)};
}
inline std::string u32(std::uint32_t value) { return u16(value >> 16U) + u16(value & 0xffffU); }

/// Returns "a.example" as labels.
inline std::string labels(std::string name) {
  std::string out;
  while (!name.empty()) {
    const std::size_t dot = std::min(name.find('.'), name.size());
    out += static_cast<char>(dot) + name.substr(0, dot);
    name.erase(0, dot + 1);
  }
  return out + '\0';
}

class MessageBytes {
 public:
  MessageBytes(const std::string& asked, RecordType type, int code = ns_r_noerror) : code_(code) {
    question_ = labels(asked) + u16(static_cast<std::uint32_t>(number(type))) + u16(ns_c_in);
  }

  MessageBytes& answer(const std::string& owner, int type, std::uint32_t ttl, const std::string& data) {
    answers_ += record(owner, type, ttl, data);
    ++answer_count_;
    return *this;
  }
  MessageBytes& a(const std::string& owner, std::uint32_t ttl, const std::string& ip) {
    std::string data(4, '\0');
    ::inet_pton(AF_INET, ip.c_str(), data.data());
    return answer(owner, ns_t_a, ttl, data);
  }
  MessageBytes& aaaa(const std::string& owner, std::uint32_t ttl, const std::string& ip) {
    std::string data(16, '\0');
    ::inet_pton(AF_INET6, ip.c_str(), data.data());
    return answer(owner, ns_t_aaaa, ttl, data);
  }
  MessageBytes& cname(const std::string& owner, std::uint32_t ttl, const std::string& target) {
    return answer(owner, ns_t_cname, ttl, labels(target));
  }
  MessageBytes& srv(const std::string& owner, std::uint32_t ttl, const Target& target) {
    return answer(owner, ns_t_srv, ttl,
                  u16(target.priority) + u16(target.weight) + u16(target.port) + labels(target.host));
  }
  MessageBytes& soa(std::uint32_t ttl, std::uint32_t minimum) {
    authority_ +=
        record("example", ns_t_soa, ttl,
               labels("ns.example") + labels("admin.example") + u32(1) + u32(2) + u32(3) + u32(4) + u32(minimum));
    ++authority_count_;
    return *this;
  }

  [[nodiscard]] std::string bytes() const {
    constexpr std::uint32_t response = 0x8180;
    return u16(7) + u16(response | static_cast<std::uint32_t>(code_)) + u16(1) + u16(answer_count_) +
           u16(authority_count_) + u16(0) + question_ + answers_ + authority_;
  }

 private:
  static std::string record(const std::string& owner, int type, std::uint32_t ttl, const std::string& data) {
    return labels(owner) + u16(static_cast<std::uint32_t>(type)) + u16(ns_c_in) + u32(ttl) +
           u16(static_cast<std::uint32_t>(data.size())) + data;
  }

  int code_;
  std::string question_;
  std::string answers_;
  std::string authority_;
  std::uint32_t answer_count_ = 0;
  std::uint32_t authority_count_ = 0;
};

inline Message read(const std::string& bytes, RecordType type) {
  return read_message(std::as_bytes(std::span(bytes)), type);
}

}  // namespace lastbyte::probe::dns::test
