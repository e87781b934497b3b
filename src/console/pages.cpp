#include "console/pages.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace lastbyte::console {

admin::ClientRequest SessionsRequest::page_after(std::uint64_t id) const {
  return {.target = "/v1/sessions?limit=" + std::to_string(Pages::kPage) +
                    "&sort=id&order=asc&after=" + std::to_string(id) + filters};
}

Result<void> Pages::add(SessionsReading page) {
  const bool first = all_.sessions.empty();
  if (first) all_.instance = page.instance;
  if (page.instance != all_.instance)
    return failure("read the sessions", ESTALE, "lastbyte was restarted between two pages");
  const bool last = page.sessions.size() < kPage;
  const std::uint64_t unread = page.matched - std::min<std::uint64_t>(page.matched, page.sessions.size());
  std::ranges::move(page.sessions, std::back_inserter(all_.sessions));
  complete_ = last || all_.sessions.size() >= kMost;
  all_.matched = all_.sessions.size() + (last ? 0 : unread);
  return {};
}

}  // namespace lastbyte::console
