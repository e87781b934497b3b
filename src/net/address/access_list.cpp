#include "net/address/access_list.h"

namespace lastbyte::net {

Access AccessList::check(const Address& client) const {
  if (deny.contains(client)) return Access::denied;
  if (allow.empty() || allow.contains(client)) return Access::granted;
  return Access::not_listed;
}

}  // namespace lastbyte::net
