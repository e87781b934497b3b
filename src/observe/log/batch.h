// Records on their way out, as lines. The records stay until their lines have left, so that what has not left can be
// written elsewhere in another form. Pure.
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
  /// Adds the line of `record` in the form that `target` takes. Where there is no memory for it, nothing is added.
  void add(relay::Record record, RecordFormatter format, const LogTarget& target);

  /// What has not left yet.
  [[nodiscard]] std::string_view rest() const { return std::string_view(text_).substr(written_); }
  /// Of all lines, those that have left included, until none is left.
  [[nodiscard]] std::size_t bytes() const { return text_.size(); }
  [[nodiscard]] bool empty() const { return written_ == text_.size(); }
  /// So many bytes of rest() have left.
  void wrote(std::size_t bytes);
  /// A part of a line has left.
  [[nodiscard]] bool is_torn() const { return written_ == 0 ? begun_ : text_[written_ - 1] != '\n'; }
  /// Gives up what has not left: the number of its records, a torn one included.
  std::size_t lose();

  /// Makes the lines of all records that have not left anew, for another target or in another form. `goes_on`: what
  /// has left of a torn line stands where the rest goes, which ends that line first. Otherwise the record is written
  /// whole. Where there is no memory for it, nothing changes.
  void remake(RecordFormatter format, const LogTarget& target, bool goes_on);

 private:
  struct Entry {
    relay::Record record;
    std::size_t end;  ///< of its line
  };
  void drop_written();

  std::string text_;
  std::size_t written_ = 0;
  bool begun_ = false;  ///< of the first line, a part left before `text_` was made
  std::vector<Entry> entries_;
};

}  // namespace lastbyte::observe
