#include "probe/dns/message.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"

namespace lastbyte::probe::dns {
namespace {

using std::chrono::seconds;

constexpr int kMostAliases = 16;

const unsigned char* bytes(const std::byte* at) { return reinterpret_cast<const unsigned char*>(at); }

/// RFC 2181 section 8: a TTL with the highest bit set counts as 0.
seconds ttl_of(const ns_rr& record) {
  const std::uint32_t ttl = ns_rr_ttl(record);
  return seconds(ttl > 0x7fffffffU ? 0 : ttl);
}

bool same_name(const char* one, const char* other) { return ::strcasecmp(one, other) == 0; }

std::uint16_t number_at(const unsigned char* at) { return static_cast<std::uint16_t>(at[0] << 8 | at[1]); }

std::optional<net::Address> address_of(const ns_rr& record) {
  if (ns_rr_type(record) == ns_t_a) {
    if (ns_rr_rdlen(record) != sizeof(in_addr)) return std::nullopt;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, ns_rr_rdata(record), sizeof v4.sin_addr);
    return net::Address(v4);
  }
  if (ns_rr_rdlen(record) != sizeof(in6_addr)) return std::nullopt;
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, ns_rr_rdata(record), sizeof v6.sin6_addr);
  return net::Address(v6);
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> message) {
    good_ = message.size() <= INT32_MAX &&
            ns_initparse(bytes(message.data()), static_cast<int>(message.size()), &handle_) == 0;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] int code() const { return ns_msg_getflag(handle_, ns_f_rcode); }
  [[nodiscard]] bool is_response() const { return ns_msg_getflag(handle_, ns_f_qr) != 0; }

  /// Returns the name of the question; nullopt: the message does not have exactly one question.
  std::optional<std::string> question() {
    ns_rr record;
    if (ns_msg_count(handle_, ns_s_qd) != 1 || ns_parserr(&handle_, ns_s_qd, 0, &record) != 0) return std::nullopt;
    return ns_rr_name(record);
  }

  /// Calls `take` for each record of class IN in a section. Returns false if a record is malformed.
  template <typename Take>
  bool each(ns_sect section, Take take) {
    for (int index = 0; index < ns_msg_count(handle_, section); ++index) {
      ns_rr record;
      if (ns_parserr(&handle_, section, index, &record) != 0) return false;
      if (ns_rr_class(record) == ns_c_in && !take(record)) return false;
    }
    return true;
  }

  /// Returns the uncompressed name at `at`, without the root's dot; nullopt: malformed. `length`: set to the length of
  /// its compressed form.
  std::optional<std::string> name_at(const unsigned char* at, const unsigned char* end, int* length = nullptr) {
    std::array<char, NS_MAXDNAME> text{};
    const int size = ns_name_uncompress(ns_msg_base(handle_), ns_msg_end(handle_), at, text.data(), text.size());
    if (size < 0 || at + size > end) return std::nullopt;
    if (length != nullptr) *length = size;
    return std::string(text.data());
  }

 private:
  ns_msg handle_{};
  bool good_ = false;
};

struct Alias {
  std::string owner;
  std::string target;
  seconds ttl{0};
};

struct Answered {
  std::string owner;
  seconds ttl{0};
  std::optional<net::Address> address;
  std::optional<Target> target;
};

struct Answers {
  std::vector<Alias> aliases;
  std::vector<Answered> records;
};

std::optional<Target> target_of(Reader& reader, const ns_rr& record) {
  constexpr int fixed = 6;  // priority, weight, port
  const unsigned char* data = ns_rr_rdata(record);
  if (ns_rr_rdlen(record) <= fixed) return std::nullopt;
  auto host = reader.name_at(data + fixed, data + ns_rr_rdlen(record));
  if (!host) return std::nullopt;
  return Target{number_at(data), number_at(data + 2), number_at(data + 4), std::move(*host)};
}

/// Returns nullopt if a record is malformed.
std::optional<Answers> answers_of(Reader& reader, RecordType type) {
  Answers answers;
  const bool good = reader.each(ns_s_an, [&](const ns_rr& record) {
    if (ns_rr_type(record) == ns_t_cname) {
      auto target = reader.name_at(ns_rr_rdata(record), ns_rr_rdata(record) + ns_rr_rdlen(record));
      if (target) answers.aliases.push_back({ns_rr_name(record), std::move(*target), ttl_of(record)});
      return target.has_value();
    }
    if (ns_rr_type(record) != number(type)) return true;
    Answered answered{ns_rr_name(record), ttl_of(record), {}, {}};
    if (type == RecordType::srv)
      answered.target = target_of(reader, record);
    else
      answered.address = address_of(record);
    const bool whole = answered.target.has_value() || answered.address.has_value();
    answers.records.push_back(std::move(answered));
    return whole;
  });
  if (!good) return std::nullopt;
  return answers;
}

/// RFC 2308 section 5. nullopt: there is no SOA, or a malformed one. Only the life of the answer depends on it.
std::optional<seconds> negative_ttl(Reader& reader) {
  std::optional<seconds> found;
  reader.each(ns_s_ns, [&](const ns_rr& record) {
    if (ns_rr_type(record) != ns_t_soa) return true;
    const unsigned char* end = ns_rr_rdata(record) + ns_rr_rdlen(record);
    int server = 0;
    int mailbox = 0;
    if (!reader.name_at(ns_rr_rdata(record), end, &server)) return false;
    if (!reader.name_at(ns_rr_rdata(record) + server, end, &mailbox)) return false;
    const unsigned char* numbers = ns_rr_rdata(record) + server + mailbox;  // serial, refresh, retry, expire, minimum
    constexpr std::ptrdiff_t size = 5 * 4;
    if (end - numbers != size) return false;
    const auto minimum = static_cast<std::uint32_t>(ns_get32(numbers + 16));
    found = std::min(ttl_of(record), seconds(minimum > 0x7fffffffU ? 0 : minimum));
    return true;
  });
  return found;
}

struct End {
  std::string name;
  std::optional<seconds> ttl;  ///< the least TTL of the aliases followed; nullopt: there was no alias
};

/// Follows the CNAMEs. Returns nullopt if they do not end.
std::optional<End> follow(const std::vector<Alias>& aliases, std::string from) {
  End end{std::move(from), {}};
  for (int hops = 0; hops <= kMostAliases; ++hops) {
    const auto next = std::ranges::find_if(
        aliases, [&](const Alias& alias) { return same_name(alias.owner.c_str(), end.name.c_str()); });
    if (next == aliases.end()) return end;
    end.name = next->target;
    end.ttl = std::min(end.ttl.value_or(next->ttl), next->ttl);
  }
  return std::nullopt;
}

Message negative(Reader& reader, bool name_exists, std::optional<seconds> on_the_way) {
  Negative negative{name_exists, negative_ttl(reader)};
  if (on_the_way) negative.ttl = std::min(negative.ttl.value_or(*on_the_way), *on_the_way);
  return negative;
}

std::string code_text(int code) {
  switch (code) {
    case ns_r_formerr: return "the server answered FORMERR";
    case ns_r_servfail: return "the server answered SERVFAIL";
    case ns_r_notimpl: return "the server answered NOTIMP";
    case ns_r_refused: return "the server answered REFUSED";
    default: return "the server answered with code " + std::to_string(code);
  }
}

}  // namespace

Message read_message(std::span<const std::byte> message, RecordType type) {
  Reader reader(message);
  if (!reader.good() || !reader.is_response()) return Broken{"the server's message is malformed"};
  const int code = reader.code();
  if (code != ns_r_noerror && code != ns_r_nxdomain) return Broken{code_text(code)};
  auto asked = reader.question();
  auto answers = answers_of(reader, type);
  if (!asked || !answers) return Broken{"the server's message is malformed"};
  const auto end = follow(answers->aliases, std::move(*asked));
  if (!end) return Broken{"the CNAME records do not end"};
  if (code == ns_r_nxdomain) return negative(reader, false, end->ttl);
  Records records;
  std::optional<seconds> ttl = end->ttl;
  for (Answered& each : answers->records) {
    if (!same_name(each.owner.c_str(), end->name.c_str())) continue;
    // RFC 2782: a target "." means that the service does not exist.
    if (each.target && (each.target->host.empty() || each.target->host == ".")) continue;
    ttl = std::min(ttl.value_or(each.ttl), each.ttl);
    if (each.target && std::ranges::find(records.targets, *each.target) == records.targets.end())
      records.targets.push_back(std::move(*each.target));
    if (each.address && std::ranges::find(records.addresses, *each.address) == records.addresses.end())
      records.addresses.push_back(*each.address);
  }
  if (records.addresses.empty() && records.targets.empty()) return negative(reader, true, end->ttl);
  records.ttl = *ttl;
  return records;
}

std::string_view name(RecordType type) {
  switch (type) {
    case RecordType::a: return "A";
    case RecordType::aaaa: return "AAAA";
    case RecordType::srv: return "SRV";
  }
  return "?";
}

int number(RecordType type) {
  switch (type) {
    case RecordType::a: return ns_t_a;
    case RecordType::aaaa: return ns_t_aaaa;
    case RecordType::srv: return ns_t_srv;
  }
  return ns_t_invalid;
}

}  // namespace lastbyte::probe::dns
