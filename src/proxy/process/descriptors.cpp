#include "proxy/process/descriptors.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <limits>

#include "relay/context/pools.h"

namespace lastbyte::proxy {
namespace {

constexpr std::uint64_t kPerSession = 2;
constexpr std::uint64_t kPipesPerWorker = 2 * relay::kMaxPipes;
constexpr std::uint64_t kReserve = 64;

constexpr const char* kAdvice = "raise the limit (LimitNOFILE= in the systemd unit, ulimit -n in a shell)";

}  // namespace

std::uint64_t descriptors_needed(std::uint64_t sessions, const DescriptorBase& base) {
  return kPerSession * sessions + kPipesPerWorker * base.workers + base.listening_sockets + base.namespaces +
         base.doors + base.in_passing + kReserve;
}

Result<std::uint32_t> choose_max_sessions(std::optional<std::uint32_t> wanted, std::uint64_t limit,
                                          const DescriptorBase& base) {
  if (wanted) {
    const std::uint64_t needed = descriptors_needed(*wanted, base);
    if (needed <= limit) return *wanted;
    return failure(
        fmt::format("max-sessions {} needs {} file descriptors, but the limit is {}", *wanted, needed, limit), 0,
        fmt::format("{}, or lower max-sessions or workers", kAdvice));
  }
  const std::uint64_t needed = descriptors_needed(1, base);
  if (needed > limit) {
    return failure(fmt::format("{} workers with {} listening sockets need {} file descriptors for one session, but the "
                               "limit is {}",
                               base.workers, base.listening_sockets, needed, limit),
                   0, fmt::format("{}, or lower workers", kAdvice));
  }
  const std::uint64_t most = (limit - descriptors_needed(0, base)) / kPerSession;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(most, std::numeric_limits<std::uint32_t>::max()));
}

Result<std::uint64_t> raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return failure_from_errno("read the limit on file descriptors");
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return failure_from_errno("raise the limit on file descriptors");
  }
  return limit.rlim_cur;
}

}  // namespace lastbyte::proxy
