#include "tests/sock/child.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "process/spawn.h"

namespace lastbyte::sock::test {

bool is_installed(const std::string& program) { return !process::find_program(program).empty(); }

Child::Child(const std::vector<std::string>& command) {
  auto output = make_pipe();
  auto errors = make_pipe();
  const auto id = process::spawn({.arguments = command}, {input_.read.get(), output.write.get(), errors.write.get()});
  EXPECT_TRUE(id) << id.error().text();
  id_ = id.value_or(-1);
  input_.read.close();
  output_ = std::make_unique<Collector>(std::move(output.read));
  errors_ = std::make_unique<Collector>(std::move(errors.read));
}

Child::~Child() {
  if (id_ > 0) {
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
}

void Child::type(std::string_view text) const {
  while (!text.empty()) {
    const auto written = ::write(input_.write.get(), text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

int Child::status() {
  if (id_ <= 0) return status_;
  const Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, id_, 0)));
  pollfd seen{handle.get(), POLLIN, 0};
  const auto limit = std::chrono::milliseconds(patience).count();
  if (::poll(&seen, 1, static_cast<int>(limit)) != 1) {
    ADD_FAILURE() << "not over: " << errors_->text();
    return -1;
  }
  int how = 0;
  ::waitpid(std::exchange(id_, -1), &how, 0);
  status_ = process::exit_status_of(how);
  return status_;
}

}  // namespace lastbyte::sock::test
