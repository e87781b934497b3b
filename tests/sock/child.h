// Another program, run with pipes for its three streams.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/sock/running.h"

namespace lastbyte::sock::test {

/// Returns whether a program of that name is in PATH.
bool is_installed(const std::string& program);

/// One run of a program. If it still runs, the destructor kills it by its process ID.
class Child {
 public:
  explicit Child(const std::vector<std::string>& command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void type(std::string_view text) const;
  void end_input() { input_.write.close(); }
  [[nodiscard]] pid_t id() const { return id_; }
  [[nodiscard]] const Collector& output() const { return *output_; }
  [[nodiscard]] const Collector& errors() const { return *errors_; }
  /// Waits for the end. Returns the exit status, or 128 + the signal's number.
  int status();

 private:
  Pipe input_ = make_pipe();
  std::unique_ptr<Collector> output_;
  std::unique_ptr<Collector> errors_;
  pid_t id_ = -1;
  int status_ = -1;
};

}  // namespace lastbyte::sock::test
