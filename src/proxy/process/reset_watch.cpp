#include "proxy/process/reset_watch.h"

#include <memory>
#include <utility>

#include "kernel/bpf/resets.h"

namespace lastbyte::proxy {

Result<ResetWatch> watch_resets(config::Trace wanted) {
  if (wanted == config::Trace::off) return ResetWatch{};
  auto loaded = kernel::ResetTable::load();
  if (!loaded && wanted == config::Trace::on)
    return failure(
        "trace: on: " + loaded.error().operation, loaded.error().code,
        loaded.error().detail + (loaded.error().detail.empty() ? "" : "; ") + "use trace: auto to start without it");
  if (!loaded) return ResetWatch{.find = {}, .story = "resets are not traced: " + loaded.error().text()};
  const std::shared_ptr<const kernel::ResetTable> table = std::move(*loaded);
  return ResetWatch{.find = [table](std::uint64_t cookie) -> std::optional<relay::KernelReset> {
                      const auto seen = table->find(cookie);
                      if (!seen) return std::nullopt;
                      // Names of reasons are literals and therefore end with a zero.
                      return relay::KernelReset{.received = seen->received,
                                                .reason = seen->reason.empty() ? nullptr : seen->reason.data()};
                    },
                    .story = "resets are traced"};
}

}  // namespace lastbyte::proxy
