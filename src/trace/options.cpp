#include "trace/options.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/amount.h"
#include "kernel/reset/reasons.h"

namespace lastbyte::trace {
namespace {

using kernel::EventKind;

constexpr std::uint32_t kMostRate = 1'000'000;
constexpr std::chrono::hours kLongestRun{2'400};
constexpr std::uint64_t kLeastRing = 4096;
constexpr std::uint64_t kMostRing = 256U << 20U;

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
  if (!ports) return not_as_expected(value, "ports from 1 to 65535, such as 80 or 80,8000-8010: " + ports.error());
  std::ranges::copy(ports->ranges(), std::back_inserter(options.filter.ports));
  return {};
}

Result<void> add_pid(Options& options, std::string_view value) {
  const auto pid = whole_number(value, 1, INT32_MAX);
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
    return not_as_expected(value, "one of " + known);
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
    return not_as_expected(value, "sent or received");
  }
  return {};
}

Result<void> set_level(Options& options, std::string_view value) {
  options.level = kernel::parse_level(value);
  if (!options.level) return not_as_expected(value, "tp_btf, raw_tp, tracefs or counters");
  return {};
}

Result<void> set_duration(Options& options, std::string_view value) {
  const auto length = parse_duration(value, {.bare_seconds = true, .fractions = true});
  if (!length || *length <= Duration{0} || *length > kLongestRun)
    return not_as_expected(value, "seconds, such as 10 or 0.5");
  options.duration = std::chrono::ceil<std::chrono::milliseconds>(*length);
  return {};
}

Result<void> set_ring(Options& options, std::string_view value) {
  const auto size = whole_number(value, kLeastRing, kMostRing);
  if (!size || !std::has_single_bit(*size)) return not_as_expected(value, "a power of two from 4096 to 268435456");
  options.ring_bytes = static_cast<std::uint32_t>(*size);
  return {};
}

constexpr std::string_view kWhat = "What to report";
constexpr std::string_view kFilters = "Filters";
constexpr std::string_view kOutput = "Output";

using Value = std::string_view;

constexpr std::array kFlags{
    Flag{"closes", "", "Also report connections that end without a reset.",
         [](Options& options, Value) -> Result<void> {
           want(options, EventKind::closed);
           return {};
         },
         kWhat},
    Flag{"timeouts", "", "Also report retransmission timeouts, with their number in a row.",
         [](Options& options, Value) -> Result<void> {
           want(options, EventKind::timed_out);
           return {};
         },
         kWhat},
    Flag{"time-wait", "",
         "Also report connections that become sockets in TIME_WAIT, and connections that reuse the addresses and ports "
         "of one.",
         [](Options& options, Value) -> Result<void> {
           want(options, EventKind::time_wait);
           want(options, EventKind::port_reused);
           return {};
         },
         kWhat},
    Flag{"socket", "PATH",
         "Administration's socket of another running lastbyte. Resets are reported with its sessions, as with those of "
         "the instances found. Can be repeated.",
         [](Options& options, Value value) -> Result<void> {
           options.sockets.emplace_back(value);
           return {};
         },
         kWhat},
    Flag{"level", "LEVEL",
         "Use this level and no other: tp_btf, raw_tp, tracefs or counters. Without it, the best that loads.",
         set_level, kWhat},

    Flag{"address", "ADDRESS[/BITS]", "Report only events of this address or network, at either end. Can be repeated.",
         add_address, kFilters},
    Flag{"port", "PORTS", "Report only events of these ports, at either end: 80, or 80,8000-8010. Can be repeated.",
         add_ports, kFilters},
    Flag{"pid", "PID", "Report only events of this process's sockets. Can be repeated.", add_pid, kFilters},
    Flag{"netns", "NAMESPACE",
         "Report only events in this network namespace: a name of `ip netns`, a path, or pid:NUMBER.", add_namespace,
         kFilters},
    Flag{"reason", "REASON",
         "Report only resets that were sent for this reason, such as TCP_ABORT_ON_CLOSE. Can be repeated.", add_reason,
         kFilters},
    Flag{"direction", "DIRECTION", "Report only resets of this direction: sent or received.", set_direction, kFilters},

    Flag{"json", "", "Print one JSON object a line.",
         [](Options& options, Value) -> Result<void> {
           options.json = true;
           return {};
         },
         kOutput},
    Flag{"summary", "",
         "Print no events. Print totals at the end: by reason, peer and process, and by the age of the connections.",
         [](Options& options, Value) -> Result<void> {
           options.summary = true;
           return {};
         },
         kOutput},
    Flag{"events", "COUNT", "End after this many events.",
         [](Options& options, Value value) { return put(options.events, whole_number(value, 1, UINT64_MAX)); },
         kOutput},
    Flag{"duration", "SECONDS", "End after this many seconds.", set_duration, kOutput},
    Flag{"rate", "COUNT", "Print at most this many events a second, and count the others. 0: no limit. Default: 1000.",
         [](Options& options, Value value) { return put(options.rate, whole_number(value, 0, kMostRate)); }, kOutput},
    Flag{"ring", "BYTES", "Size of the ring for the kernel's events: a power of two. Default: 1048576.", set_ring,
         kOutput},
};

}  // namespace

std::span<const Flag> flags() { return kFlags; }

Result<Options> parse(GivenFlags given) {
  Options options;
  if (auto applied = apply_flags(flags(), given, options); !applied) return Failure(applied.error());
  if (!options.filter.reasons.empty() && options.filter.direction == Direction::received)
    return failure("--reason with --direction received", 0, "the kernel gives a reason only for resets that it sends");
  return options;
}

}  // namespace lastbyte::trace
