// Codecs of names: endpoints, addresses, networks, namespaces, root directories and words. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "config/settings/codec.h"
#include "net/address/address.h"
#include "net/address/cidr.h"
#include "net/address/endpoint.h"
#include "net/names/namespace.h"
#include "net/names/root.h"

namespace lastbyte::config {

Codec<net::Endpoint> endpoint_codec(net::EndpointUse use);
Codec<net::NamespaceName> netns_codec();
Codec<net::RootName> root_codec();
/// "10.0.0.0/8", "::1".
Codec<net::Cidr> network_codec();
/// "10.0.0.1", "10.0.0.1:4000", "::1", "[::1]:4000".
Codec<net::Address> source_codec();

/// Free text of printable ASCII without spaces, not longer than `longest`, or the word `none` for the empty one.
Codec<std::string> word_codec(std::string placeholder, const std::string& expects, std::size_t longest);
Codec<std::string> word_or_none_codec(std::string placeholder, const std::string& expects, std::size_t longest);
Codec<std::string> interface_codec();
Codec<std::string> log_target_codec();

}  // namespace lastbyte::config
