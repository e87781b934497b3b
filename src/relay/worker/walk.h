// A walk over a worker's sessions, one slice per round, so that no round grows with the number of sessions (T12).
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

namespace lastbyte::relay {

/// Visits each element of an intrusive list once. An element that joins at the end during the walk may be visited too.
/// Between two slices any element may leave if leaves() is called first. For one thread only.
template <typename List>
class Walk {
 public:
  using Element = typename List::value_type;

  explicit Walk(List& list) : list_(list), next_(list.end()) {}

  /// Begins at the first element, and ends any walk in progress. `visit` may remove the element that it gets from the
  /// list, but no other.
  void begin(std::function<void(Element&)> visit) {
    visit_ = std::move(visit);
    next_ = list_.begin();
  }
  [[nodiscard]] bool under_way() const { return static_cast<bool>(visit_); }

  /// Visits at most `most` elements.
  void step(std::size_t most) {
    for (; visit_ && most > 0 && next_ != list_.end(); --most) {
      Element& element = *next_++;
      visit_(element);
    }
    if (next_ == list_.end()) visit_ = nullptr;
  }
  /// Visits all remaining elements.
  void finish() {
    while (under_way()) step(list_.size() + 1);
  }

  /// Called before the element leaves the list.
  void leaves(Element& element) {
    if (visit_ && next_ == list_.iterator_to(element)) ++next_;
  }

 private:
  List& list_;
  typename List::iterator next_;
  std::function<void(Element&)> visit_;
};

}  // namespace lastbyte::relay
