// launchers: known proxies, and how they are started. This file: a command line and a configuration with placeholders.
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

/// The protocols of a proxy on its two sides.
struct Way {
  net::Transport client = net::Transport::tcp;
  net::Transport server = net::Transport::tcp;
  HeaderVersion from_client = {};  ///< the client sends such a header first
  HeaderVersion to_server = {};    ///< the server expects one first

  [[nodiscard]] bool has_unix() const {
    return client == net::Transport::unix_stream || server == net::Transport::unix_stream;
  }
  [[nodiscard]] bool has_header() const { return from_client || to_server; }
  friend bool operator==(const Way&, const Way&) = default;
};

/// How a proxy is started. Placeholders in both: {listen}, {listen_host}, {listen_port}, {upstream}, {upstream_host},
/// {upstream_port}, {config} (path of the configuration as written out), {directory} (of its own), {pid} (this
/// process's). Over a UNIX socket, {listen} and {upstream} are paths. It must stay in the foreground.
struct Form {
  std::vector<std::string> command = {};
  std::string config = {};

  [[nodiscard]] bool mentions(std::string_view placeholder) const;
};

/// `text` with placeholders filled in: pairs of name (without braces) and value.
std::string fill_in(std::string text, const std::vector<std::pair<std::string, std::string>>& values);
/// A command line as words: 'quotes', "quotes" and \ as a shell has them, nothing else of a shell. Fails where a quote
/// is open.
Result<std::vector<std::string>> split_words(const std::string& text);

}  // namespace lastbyte::launchers
