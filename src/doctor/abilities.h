// What loads, and what is allowed, for the doctor itself: which ways of attaching BPF, and io_uring.
#pragma once

#include <vector>

#include "doctor/rules/facts.h"

namespace lastbyte::doctor {

std::vector<Ability> abilities();

}  // namespace lastbyte::doctor
