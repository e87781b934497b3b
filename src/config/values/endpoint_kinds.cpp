#include "config/values/endpoint_kinds.h"

#include <vector>

#include "config/values/codec.h"

namespace lastbyte::config {

Kinds kind_of(const net::Endpoint& endpoint) {
  switch (endpoint.transport) {
    case net::Transport::tcp: return kTcp;
    case net::Transport::udp: return kUdp;
    case net::Transport::unix_stream: return endpoint.is_path() ? kPath : kAbstract;
  }
  return 0;
}

std::string words(Kinds kinds) {
  std::vector<std::string> all;
  if ((kinds & kTcp) != 0) all.emplace_back("tcp");
  if ((kinds & kUdp) != 0) all.emplace_back("udp");
  switch (kinds & kUnix) {
    case kUnix: all.emplace_back("unix"); break;
    case kPath: all.emplace_back("the path of a unix socket"); break;
    case kAbstract: all.emplace_back("an abstract unix socket"); break;
    default: break;
  }
  return either(all);
}

}  // namespace lastbyte::config
