// The reference parts of the documentation, made from the table of settings.
#pragma once

#include <string>

#include "config/settings/settings.h"

namespace lastbyte::config {

/// A Markdown table of the settings of one group.
std::string markdown(Group group);
/// An mdoc(7) list of the same.
std::string mdoc(Group group);

}  // namespace lastbyte::config
