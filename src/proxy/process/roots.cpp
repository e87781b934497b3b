#include "proxy/process/roots.h"

#include <cerrno>

#include "net/root/open.h"
#include "proxy/process/privileges.h"

namespace lastbyte::proxy {

std::vector<Roots::Shared> Roots::all() const {
  std::vector<Shared> all;
  for (const auto& each : threads_)
    if (auto thread = each.lock()) all.push_back(std::move(thread));
  return all;
}

Result<Roots::Shared> Roots::open(const net::RootName& name) {
  if (name.own()) return nullptr;
  auto opened = net::open_root(name);
  if (!opened) {
    const bool denied = opened.error().code == EACCES || opened.error().code == EPERM;
    for (auto& each : all())
      if (denied && each->name() == name && each->process_lives()) return std::move(each);
    return Failure(opened.error());
  }
  const auto own = net::open_root({});
  if (own && net::same_directory(own->directory.get(), opened->directory.get())) return nullptr;
  for (auto& each : all())
    if (net::same_directory(each->directory(), opened->directory.get())) return std::move(each);
  auto thread = net::RootThread::start(std::move(*opened), name);
  if (!thread) return Failure(thread.error());
  std::erase_if(threads_, [](const auto& each) { return each.expired(); });
  threads_.push_back(*thread);
  return thread;
}

Result<void> Roots::drop_privileges() {
  for (const Shared& each : all())
    if (auto dropped = each->ask<void>([] { return drop_thread_privileges({}); }); !dropped) return dropped;
  return {};
}

std::size_t Roots::descriptors(unsigned workers) const {
  const std::size_t count = all().size();
  // A worker briefly holds the file that it connects to.
  return count == 0 ? 0 : count * net::RootThread::kMostDescriptors + workers;
}

}  // namespace lastbyte::proxy
