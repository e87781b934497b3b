#include "tests/sock/child.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace lastbyte::sock::test {

bool is_installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    if (std::filesystem::exists(std::filesystem::path(rest.substr(0, end)) / program)) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

Child::Child(const std::vector<std::string>& command) {
  auto output = make_pipe();
  auto errors = make_pipe();
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input_.read.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, output.write.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, errors.write.get(), 2);
  std::vector<std::string> words = command;
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  EXPECT_EQ(::posix_spawnp(&id_, arguments[0], &actions, nullptr, arguments.data(), environ), 0) << command[0];
  posix_spawn_file_actions_destroy(&actions);
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
  status_ = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
  return status_;
}

}  // namespace lastbyte::sock::test
