// Codecs of names: endpoints, addresses, networks, namespaces, root directories and words. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/values/codec.h"
#include "net/address/address.h"
#include "net/address/cidr.h"
#include "net/address/endpoint.h"
#include "net/address/source.h"
#include "net/names/namespace.h"
#include "net/names/root.h"

namespace lastbyte::config {

/// The endpoint that clients connect to.
Codec<net::Endpoint> listen_codec();

/// The destination of sessions: an endpoint, or the name of a group.
struct UpstreamName {
  net::Endpoint endpoint;
  std::string group;  ///< empty: the endpoint is the destination

  friend bool operator==(const UpstreamName&, const UpstreamName&) = default;
};
Codec<UpstreamName> connect_codec();

/// The endpoint of a group's member, or the name of an SRV record.
struct MemberEndpoint {
  net::Endpoint endpoint;
  bool srv = false;  ///< the endpoint has a host and no ports

  friend bool operator==(const MemberEndpoint&, const MemberEndpoint&) = default;
};
Codec<MemberEndpoint> member_codec();
Codec<net::NamespaceName> netns_codec();
Codec<net::RootName> root_codec();
/// "10.0.0.0/8", "::1".
Codec<net::Cidr> network_codec();
/// "10.0.0.1", "10.0.0.1:4000", "::1", "[::1]:4000".
Codec<net::Source> source_codec();

/// "10.0.0.53", "10.0.0.53:5353"; the port defaults to 53.
Codec<net::Address> server_codec();

/// "web": the name of a group, in its definition and in "group:web". Letters, digits, '-' and '_', a letter first.
tl::expected<std::string, std::string> parse_group_name(std::string_view text);

/// At most `longest` bytes, written literally or escaped as \r, \n, \t, \\ and \xNN. Prints printable ASCII without a
/// space at either end.
Codec<std::string> bytes_codec(std::size_t longest);

/// Printable ASCII without spaces, at most `longest` bytes; the word `none` stands for empty text.
Codec<std::string> word_codec(std::string placeholder, const std::string& expects, std::size_t longest);
Codec<std::string> word_or_none_codec(std::string placeholder, const std::string& expects, std::size_t longest);
Codec<std::string> interface_name_codec();
/// The same; `none` stands for no interface.
Codec<std::string> interface_codec();
/// Where lines go: stderr, stdout, a syslog receiver or a file's path.
Codec<std::string> log_target_codec();
/// An endpoint for operators: tcp with one port, or unix.
Codec<net::Endpoint> door_codec();
/// The path of a file, with a '/'; `none` stands for no file.
Codec<std::string> path_or_none_codec();

}  // namespace lastbyte::config
