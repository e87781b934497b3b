// Runs the program as a user does, for tests of its output and exit status.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "cli/subcommands.h"

namespace lastbyte::cli {

struct Result {
  int status = -1;
  std::string out;
  std::string err;
};

/// Returns the text of a file in docs/.
inline std::string document(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(LASTBYTE_SOURCE_DIR "/docs/" + name).rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

/// Has a directory of its own, removed with the test.
class Program : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "lastbyte-cli-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(path(name)) << text;
    return path(name);
  }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }

  /// Runs the program with `arguments`, which a shell parses, and waits for its end.
  Result run(const std::string& arguments, const std::string& input = "/dev/null", std::string output = {}) {
    if (output.empty()) output = path("out");
    const std::string command = std::string("timeout 20 ") + LASTBYTE_PROGRAM + " " + arguments + " >" + output +
                                " 2>" + path("err") + " <" + input;
    const int status = std::system(command.c_str());
    return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .out = read("out"), .err = read("err")};
  }

  static void expect_80_columns(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  }

  void expect_usage_error(const std::string& arguments, const std::string& message) {
    const Result result = run(arguments);
    EXPECT_EQ(result.status, kExitUsage) << arguments;
    EXPECT_EQ(result.out, "") << arguments;
    EXPECT_EQ(result.err, message) << arguments;
  }

 private:
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }

  std::filesystem::path directory_;
};

}  // namespace lastbyte::cli
