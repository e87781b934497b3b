// docs/termination.md, drawn from the explored machine.
#pragma once

#include <string>

namespace lastbyte::termination::test {

/// The whole file.
std::string document();

}  // namespace lastbyte::termination::test
