// Counts what a piece of work costs in machine instructions, whatever else the machine does meanwhile: for tests that
// something grows with what it works on and not with its square.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

namespace lastbyte::test {

/// Makes the work and then does it, in a child process that is stepped through the second part, instruction by
/// instruction (ptrace(2)). nullopt: that is not allowed here, or the child died. About a million are done in a second.
std::optional<std::uint64_t> steps_of(const std::function<std::function<void()>()>& make);

}  // namespace lastbyte::test
