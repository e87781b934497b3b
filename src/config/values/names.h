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

/// Where clients connect to.
Codec<net::Endpoint> listen_codec();

/// Where sessions go: an endpoint, or the name of a group.
struct UpstreamName {
  net::Endpoint endpoint;
  std::string group;  ///< empty: it is the endpoint

  friend bool operator==(const UpstreamName&, const UpstreamName&) = default;
};
Codec<UpstreamName> connect_codec();

/// What a member of a group is: an endpoint, or the name of an SRV record.
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

/// "10.0.0.53", "10.0.0.53:5353": with port 53 where none is given.
Codec<net::Address> server_codec();

/// "web": how a group is called, where it is defined and in "group:web". Letters, digits, '-' and '_', a letter first.
tl::expected<std::string, std::string> parse_group_name(std::string_view text);

/// Bytes, at most `longest`: as they are, or escaped as \r, \n, \t, \\ and \xNN. Prints as printable ASCII without a
/// space at either end.
Codec<std::string> bytes_codec(std::size_t longest);

/// Free text of printable ASCII without spaces, not longer than `longest`, or the word `none` for the empty one.
Codec<std::string> word_codec(std::string placeholder, const std::string& expects, std::size_t longest);
Codec<std::string> word_or_none_codec(std::string placeholder, const std::string& expects, std::size_t longest);
Codec<std::string> interface_name_codec();
/// The same, or `none` for the empty one.
Codec<std::string> interface_codec();
/// Where lines go: stderr, stdout, a syslog receiver or a file's path.
Codec<std::string> log_target_codec();
/// An endpoint for operators: tcp with one port, or unix.
Codec<net::Endpoint> door_codec();
/// A file's path with a '/', or the word `none` for the empty one.
Codec<std::string> path_or_none_codec();

}  // namespace lastbyte::config
