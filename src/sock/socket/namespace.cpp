#include "sock/socket/namespace.h"

#include <algorithm>

#include "base/text.h"
#include "net/namespace/enter.h"

namespace lastbyte::sock {

Result<net::NamespaceName> namespace_name(const std::string& which) {
  const bool digits = std::all_of(which.begin(), which.end(), [](char c) { return c >= '0' && c <= '9'; });
  auto name = net::NamespaceName::parse(digits ? "pid:" + which : which);
  if (!name) return failure("network namespace '" + printable(which) + "'", 0, name.error());
  return *name;
}

Result<NetworkNamespace> NetworkNamespace::enter(const std::string& which) {
  const auto name = namespace_name(which);
  if (!name) return Failure(name.error());
  auto before = net::open_namespace({});
  if (!before) return Failure(before.error());
  const auto there = net::open_namespace(*name);
  if (!there) return Failure(there.error());
  if (auto entered = net::enter_namespace(there->get(), name->text()); !entered) return Failure(entered.error());
  return NetworkNamespace(std::move(*before));
}

NetworkNamespace::~NetworkNamespace() {
  if (before_) static_cast<void>(net::enter_namespace(before_.get(), "that it was in"));
}

}  // namespace lastbyte::sock
