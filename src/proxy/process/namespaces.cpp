#include "proxy/process/namespaces.h"

#include "net/namespace/enter.h"
#include "proxy/process/privileges.h"

namespace lastbyte::proxy {

std::vector<Namespaces::Shared> Namespaces::entered() const {
  std::vector<Shared> all;
  for (const auto& each : threads_)
    if (auto thread = each.lock()) all.push_back(std::move(thread));
  return all;
}

Result<Namespaces::Shared> Namespaces::open(const net::NamespaceName& name) {
  if (name.own()) return nullptr;
  auto opened = net::open_namespace(name);
  if (!opened) return Failure(opened.error());
  const auto own = net::open_namespace({});
  if (own && net::same_namespace(*own, *opened)) return nullptr;
  for (auto& each : entered())
    if (net::same_namespace(each->opened(), *opened)) return std::move(each);
  auto thread = net::NamespaceThread::enter(std::move(*opened), name.text());
  if (!thread) return Failure(thread.error());
  std::erase_if(threads_, [](const auto& each) { return each.expired(); });
  threads_.push_back(*thread);
  return thread;
}

Result<void> Namespaces::drop_privileges() {
  for (const Shared& each : entered()) {
    Result<void> outcome;
    each->run([&] { outcome = drop_thread_privileges({}); });
    if (!outcome) return outcome;
  }
  return {};
}

void Namespaces::fill() {
  for (const Shared& each : entered()) each->fill();
}

std::size_t Namespaces::descriptors() const {
  std::size_t sum = 0;
  for (const Shared& each : entered()) sum += each->most_descriptors();
  return sum;
}

void run_in(const Namespaces::Shared& inside, const std::function<void()>& function) {
  inside == nullptr ? function() : inside->run(function);
}

}  // namespace lastbyte::proxy
