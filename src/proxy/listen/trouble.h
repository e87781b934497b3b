// What forwardings need and cannot get: reported together, each with the place of its setting.
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
  std::string forwarding;  ///< its name; empty: the process, or a group's member, has the trouble
  std::string key;         ///< the key of the setting that needs it
  Error error;
  std::size_t index = 0;   ///< index of the value, if the setting is a list
  std::string group = {};  ///< the group whose member `index` needs it; empty: a forwarding or the process
};

using Troubles = std::vector<Trouble>;
template <typename T>
using Tried = tl::expected<T, Troubles>;

/// Makes a trouble and adds the forwarding's name to the error's text.
Trouble trouble_of(const relay::Forwarding& forwarding, std::string key, Error error, std::size_t index = 0);
/// Makes a trouble of a group's member, given by its index, and adds the group's name to the error's text.
Trouble trouble_of_member(const std::string& group, std::size_t member, Error error);
/// Makes a trouble of the process itself.
Trouble trouble_of_process(Error error);

/// Returns whether the trouble may end by itself: an address that is in use or missing, an interface, a directory or a
/// network namespace that may still appear.
bool may_pass(const Trouble& trouble);

/// Returns one statement for each trouble, in the order of the file: "proxy.yaml:3:11: forwarding 'web': listen on
/// tcp:10.0.0.1:80: ...". Ports of a forwarding with the same trouble share a statement.
std::vector<observe::Statement> statements(const Troubles& troubles, const config::Places& places);

/// Returns the text and the place of a problem in the configuration.
observe::Statement statement_of(const config::Problem& problem);

}  // namespace lastbyte::proxy
