#include "trace/options.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "kernel/reset/reasons.h"

namespace lastbyte::trace {
namespace {

using kernel::EventKind;

constexpr std::uint32_t kMostRate = 1'000'000;
constexpr std::uint64_t kLeastRing = 4096;
constexpr std::uint64_t kMostRing = 256U << 20U;

Failure wrong(std::string_view value, const std::string& expected) {
  return failure("'" + std::string(value) + "'", 0, "expected " + expected);
}

Result<std::uint64_t> whole(std::string_view value, std::uint64_t least, std::uint64_t most) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < least || number > most)
    return wrong(value, std::to_string(least) + " to " + std::to_string(most));
  return number;
}

template <typename Place>
Result<void> put(Place& place, const Result<std::uint64_t>& number) {
  if (!number) return Failure(number.error());
  place = static_cast<std::remove_reference_t<decltype(*std::optional(place))>>(*number);
  return {};
}

void want(Options& options, EventKind kind) { options.kinds |= 1U << static_cast<unsigned>(kind); }

Result<void> add_address(Options& options, std::string_view value) {
  auto network = net::Cidr::parse(value);
  if (!network) return Failure(network.error());
  options.filter.networks.push_back(*network);
  return {};
}

Result<void> add_ports(Options& options, std::string_view value) {
  const auto ports = net::Ports::parse(value, 1);
  if (!ports) return wrong(value, "ports from 1 to 65535, such as 80 or 80,8000-8010: " + ports.error());
  std::ranges::copy(ports->ranges(), std::back_inserter(options.filter.ports));
  return {};
}

Result<void> add_pid(Options& options, std::string_view value) {
  const auto pid = whole(value, 1, INT32_MAX);
  if (!pid) return Failure(pid.error());
  options.filter.pids.push_back(static_cast<std::uint32_t>(*pid));
  return {};
}

Result<void> add_namespace(Options& options, std::string_view value) {
  auto name = net::NamespaceName::parse(value);
  if (!name) return failure("'" + std::string(value) + "'", 0, name.error());
  if (!options.namespaces.empty()) return failure("'" + std::string(value) + "'", 0, "given twice; expected once");
  options.namespaces.push_back(*name);
  return {};
}

Result<void> add_reason(Options& options, std::string_view value) {
  if (kernel::find_reset_reason(value) == nullptr) {
    std::string known;
    for (const kernel::ResetReason& each : kernel::reset_reasons())
      known += (known.empty() ? "" : ", ") + std::string(each.name);
    return wrong(value, "one of " + known);
  }
  options.filter.reasons.emplace_back(value);
  return {};
}

Result<void> set_direction(Options& options, std::string_view value) {
  if (value == "sent") {
    options.filter.direction = Direction::sent;
  } else if (value == "received") {
    options.filter.direction = Direction::received;
  } else {
    return wrong(value, "sent or received");
  }
  return {};
}

Result<void> set_level(Options& options, std::string_view value) {
  options.level = kernel::parse_level(value);
  if (!options.level) return wrong(value, "tp_btf, raw_tp, tracefs or counters");
  return {};
}

Result<void> set_duration(Options& options, std::string_view value) {
  double seconds = 0;
  const std::string_view digits = value.ends_with('s') ? value.substr(0, value.size() - 1) : value;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc() || end != digits.data() + digits.size() || !(seconds > 0) || seconds > 1e7)
    return wrong(value, "seconds, such as 10 or 0.5");
  options.duration = std::chrono::milliseconds(std::llround(seconds * 1000));
  return {};
}

Result<void> set_ring(Options& options, std::string_view value) {
  const auto size = whole(value, kLeastRing, kMostRing);
  if (!size || !std::has_single_bit(*size)) return wrong(value, "a power of two from 4096 to 268435456");
  options.ring_bytes = static_cast<std::uint32_t>(*size);
  return {};
}

constexpr std::string_view kWhat = "What to tell";
constexpr std::string_view kFilters = "Filters";
constexpr std::string_view kOutput = "Output";

using Value = std::string_view;

constexpr std::array kFlags{
    Flag{"closes", "", kWhat, "Also tell connections that end without a reset.",
         [](Options& options, Value) -> Result<void> {
           want(options, EventKind::closed);
           return {};
         }},
    Flag{"timeouts", "", kWhat, "Also tell retransmission timeouts, with how many there were in a row.",
         [](Options& options, Value) -> Result<void> {
           want(options, EventKind::timed_out);
           return {};
         }},
    Flag{"time-wait", "", kWhat,
         "Also tell connections that become sockets in TIME_WAIT, and those that take such addresses and ports again.",
         [](Options& options, Value) -> Result<void> {
           want(options, EventKind::time_wait);
           want(options, EventKind::port_reused);
           return {};
         }},
    Flag{"level", "LEVEL", kWhat,
         "Use this level and no other: tp_btf, raw_tp, tracefs or counters. Without it, the best that loads.",
         set_level},

    Flag{"address", "ADDRESS[/BITS]", kFilters,
         "Tell only events of this address or network, at either end. Can be repeated.", add_address},
    Flag{"port", "PORTS", kFilters,
         "Tell only events of these ports, at either end: 80, or 80,8000-8010. Can be repeated.", add_ports},
    Flag{"pid", "PID", kFilters, "Tell only events of this process's sockets. Can be repeated.", add_pid},
    Flag{"netns", "NAMESPACE", kFilters,
         "Tell only events in this network namespace: a name of `ip netns`, a path, or pid:NUMBER.", add_namespace},
    Flag{"reason", "REASON", kFilters,
         "Tell only resets that were sent for this reason, such as TCP_ABORT_ON_CLOSE. Can be repeated.", add_reason},
    Flag{"direction", "DIRECTION", kFilters,
         "Tell only resets that were sent, or only those received: sent or received.", set_direction},

    Flag{"json", "", kOutput, "Print one JSON object a line.",
         [](Options& options, Value) -> Result<void> {
           options.json = true;
           return {};
         }},
    Flag{"summary", "", kOutput,
         "Print no events, but at the end how many there were by reason, peer and process, and how old the connections "
         "were.",
         [](Options& options, Value) -> Result<void> {
           options.summary = true;
           return {};
         }},
    Flag{"events", "COUNT", kOutput, "End after so many events.",
         [](Options& options, Value value) { return put(options.events, whole(value, 1, UINT64_MAX)); }},
    Flag{"duration", "SECONDS", kOutput, "End after so many seconds.", set_duration},
    Flag{"rate", "COUNT", kOutput,
         "Print at most so many events a second, and count the others. 0: no limit. Default: 1000.",
         [](Options& options, Value value) { return put(options.rate, whole(value, 0, kMostRate)); }},
    Flag{"ring", "BYTES", kOutput,
         "Size of the ring through which the kernel hands over events: a power of two. Default: 1048576.", set_ring},
};

}  // namespace

std::span<const Flag> flags() { return kFlags; }

Result<Options> parse(std::span<const std::pair<std::string, std::string>> given) {
  Options options;
  for (const auto& [name, value] : given) {
    const auto* const flag = std::ranges::find(kFlags, name, &Flag::name);
    if (flag == kFlags.end()) return failure("--" + name, 0, "no such flag");
    if (const auto applied = flag->apply(options, value); !applied)
      return failure("--" + name + ": " + applied.error().operation, 0, applied.error().detail);
  }
  if (!options.filter.reasons.empty() && options.filter.direction == Direction::received)
    return failure("--reason with --direction received", 0, "the kernel gives a reason only for resets that it sends");
  return options;
}

}  // namespace lastbyte::trace
