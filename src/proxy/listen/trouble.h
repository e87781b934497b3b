// Resources that forwardings need and cannot have: reported all at once, each with the place of its setting.
#pragma once

#include <cstddef>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "base/result.h"
#include "config/settings/config.h"
#include "config/settings/places.h"
#include "observe/record/message.h"
#include "relay/terms/forwarding.h"

namespace lastbyte::proxy {

struct Trouble {
  std::string forwarding;  ///< its name; empty: it is the process that cannot have something
  std::string key;         ///< of the setting that asks for it
  Error error;
  std::size_t index = 0;   ///< which of the values, where the setting is a list
  std::string group = {};  ///< the member `index` of this group asks for it; empty: a forwarding, or the process
};

using Troubles = std::vector<Trouble>;
template <typename T>
using Tried = tl::expected<T, Troubles>;

/// Names the forwarding in the error's text.
Trouble trouble_of(const relay::Forwarding& forwarding, std::string key, Error error, std::size_t index = 0);
/// Of a member of a group, by its place there. Names the group in the error's text.
Trouble trouble_of_member(const std::string& group, std::size_t member, Error error);
/// The process's own.
Trouble trouble_of_process(Error error);

/// Whether it may be over by itself: an address in use or not there yet, an interface, a directory or a network
/// namespace that is made later.
bool may_pass(const Trouble& trouble);

/// One each, in the order of the file: "proxy.yaml:3:11: forwarding 'web': listen on tcp:10.0.0.1:80: ...". Ports
/// of one forwarding that fail alike are one.
std::vector<observe::Statement> statements(const Troubles& troubles, const config::Places& places);

/// What a problem of the configuration says, apart from its place.
observe::Statement statement_of(const config::Problem& problem);

}  // namespace lastbyte::proxy
