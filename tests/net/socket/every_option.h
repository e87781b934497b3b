// Listener options, each of which differs from its default.
#pragma once

#include "net/socket/options.h"

namespace lastbyte::net::test {

inline ListenOptions every_option_changed() {
  ListenOptions options;
  // A new option does not compile here: give it another value below, and its row in listen_options.cpp.
  auto& [socket, backlog, defer_accept, fast_open, freebind, reuse_port, unix_file, takes_descriptors, netns, root] =
      options;
  auto& [nodelay, keepalive, user_timeout, send_buffer, receive_buffer, mark, interface] = socket;
  nodelay = !nodelay;
  keepalive.enabled = !keepalive.enabled;
  keepalive.idle += std::chrono::seconds(1);
  keepalive.interval += std::chrono::seconds(1);
  ++keepalive.count;
  user_timeout = std::chrono::milliseconds(1);
  send_buffer = 1 << 16;
  receive_buffer = 1 << 16;
  mark = 1;
  interface = "lo";
  ++backlog;
  defer_accept = std::chrono::seconds(1);
  fast_open = 1;
  freebind = !freebind;
  reuse_port = !reuse_port;
  unix_file = {.mode = 0600, .uid = 1, .gid = 1};
  takes_descriptors = !takes_descriptors;
  netns = {NamespaceName::Kind::name, "other", 0};
  root = {RootName::Kind::path, "/other", 0};
  return options;
}

}  // namespace lastbyte::net::test
