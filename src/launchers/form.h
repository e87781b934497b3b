// launchers: known proxies, and how to start them. This file: a command line and a configuration with placeholders.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/address/endpoint.h"
#include "net/proxy_protocol/header.h"

namespace lastbyte::launchers {

using net::proxy_protocol::HeaderVersion;

/// The transports and PROXY headers on a proxy's two sides.
struct Way {
  net::Transport client = net::Transport::tcp;
  net::Transport server = net::Transport::tcp;
  HeaderVersion from_client = {};  ///< the header that the client sends first
  HeaderVersion to_server = {};    ///< the header that the server expects first

  [[nodiscard]] bool has_unix() const {
    return client == net::Transport::unix_stream || server == net::Transport::unix_stream;
  }
  [[nodiscard]] bool has_header() const { return from_client || to_server; }
  friend bool operator==(const Way&, const Way&) = default;
};

/// A command and a configuration that start a proxy. Both may contain placeholders: {listen}, {listen_host},
/// {listen_port}, {upstream}, {upstream_host}, {upstream_port}, {config} (path of the written configuration),
/// {directory} (the proxy's own), {pid} (of this process). Over a UNIX socket, {listen} and {upstream} are paths. The
/// proxy must stay in the foreground.
struct Form {
  std::vector<std::string> command = {};
  std::string config = {};

  [[nodiscard]] bool mentions(std::string_view placeholder) const;
};

/// Replaces placeholders in `text`. `values`: pairs of a name (without braces) and its value.
std::string fill_in(std::string text, const std::vector<std::pair<std::string, std::string>>& values);
/// Splits a command line into words. It knows 'quotes', "quotes" and \ as a shell does, and nothing else of a shell. An
/// open quote is an error.
Result<std::vector<std::string>> split_words(const std::string& text);

}  // namespace lastbyte::launchers
