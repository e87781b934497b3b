// Lines that wait to be written, with their records. A change of target or format makes the unwritten lines again from
// the records. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "observe/log/target.h"
#include "relay/terms/record.h"

namespace lastbyte::observe {

using RecordFormatter = std::string (*)(const relay::Record&);

class Batch {
 public:
  /// Adds the line of `record` in the form that `target` takes. Without memory, it throws and adds nothing.
  void add(relay::Record record, RecordFormatter format, const LogTarget& target);

  /// Returns the bytes that are not written yet.
  [[nodiscard]] std::string_view rest() const { return std::string_view(text_).substr(written_); }
  /// Returns the bytes of all lines. Written lines count until the whole batch is written.
  [[nodiscard]] std::size_t bytes() const { return text_.size(); }
  [[nodiscard]] bool empty() const { return written_ == text_.size(); }
  /// Marks the first `bytes` of rest() as written.
  void wrote(std::size_t bytes);
  /// Whether only a part of the current line is written.
  [[nodiscard]] bool is_torn() const { return written_ == 0 ? begun_ : text_[written_ - 1] != '\n'; }
  /// Drops the unwritten lines. Returns the number of their records, including one that is written in part.
  std::size_t lose();

  /// Makes the unwritten lines again, for another target or in another format. `goes_on`: the target already holds the
  /// first part of a torn line, so the rest of that line comes first. Otherwise the torn record is written whole.
  /// Without memory, it throws and changes nothing.
  void remake(RecordFormatter format, const LogTarget& target, bool goes_on);

 private:
  struct Entry {
    relay::Record record;
    std::size_t end;  ///< where its line ends in `text_`
  };
  void drop_written();

  std::string text_;
  std::size_t written_ = 0;
  bool begun_ = false;  ///< a part of the first line was written before remake() made `text_`
  std::vector<Entry> entries_;
};

}  // namespace lastbyte::observe
