// One function per alternative of a variant, for std::visit().
#pragma once

namespace lastbyte {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace lastbyte
