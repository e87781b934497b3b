// The files that a run writes at its end.
#pragma once

#include <string>

#include "base/descriptor.h"
#include "base/result.h"

namespace lastbyte::lab {

/// A file that is written at the end of a run. It is opened before the run is isolated, because the isolated file
/// system has a temporary directory of its own. A new file appears only at the end, so an interrupted run leaves none.
struct Output {
  Descriptor file = {};       ///< an existing file, or standard output
  bool replaces = false;      ///< the report replaces the file's content
  Descriptor directory = {};  ///< the directory of a new file
  std::string name = {};      ///< the new file's name in `directory`, or the path; messages have it

  explicit operator bool() const { return file || directory; }
};

/// Opens the place of a file. "-" is standard output, and an empty path gives an empty result. Fails if nothing can be
/// written there.
Result<Output> open_output(const std::string& path);
/// Opens a directory for several files, and makes it if it does not exist.
Result<Descriptor> open_output_directory(const std::string& path);

/// Writes a report. A new file is either complete or not there.
Result<void> write_output(const Output& output, const std::string& text);
/// Writes a file in a directory, whether it exists or not.
Result<void> write_in(const Descriptor& directory, const std::string& name, const std::string& text);

/// Prints on standard output, at once.
Result<void> print(const std::string& text);

}  // namespace lastbyte::lab
