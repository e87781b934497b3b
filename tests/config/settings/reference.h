// The reference parts of the documentation, made from the table of settings.
#pragma once

#include <string>

#include "config/settings/settings.h"

namespace lastbyte::config {

/// A Markdown table of the settings under one heading.
std::string markdown(Heading heading);
/// An mdoc(7) list of the same.
std::string mdoc(Heading heading);

}  // namespace lastbyte::config
