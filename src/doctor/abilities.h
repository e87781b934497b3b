// Tests what loads and what is allowed for the doctor: each way to attach BPF programs, and io_uring.
#pragma once

#include <vector>

#include "doctor/rules/facts.h"

namespace lastbyte::doctor {

std::vector<Ability> abilities();

}  // namespace lastbyte::doctor
