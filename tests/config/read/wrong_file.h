// Files that are wrong, and what their owner is told: for tests that list them.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace lastbyte::config {

struct Case {
  std::string name;
  std::string yaml;
  std::vector<std::string> problems;
};

inline std::ostream& operator<<(std::ostream& out, const Case& each) { return out << each.name; }

class WrongFile : public testing::TestWithParam<Case> {};

inline std::string case_name(const testing::TestParamInfo<Case>& info) { return info.param.name; }

/// A file with one right forwarding, to which `more` is added at its level.
inline std::string forwarding_with(const std::string& more) {
  return "forwardings:\n  - listen: tcp:127.0.0.1:80\n    connect: tcp:10.0.0.1:8080\n" + more;
}

/// A file with one right forwarding and `top` before it.
inline std::string process_with(const std::string& top) { return top + forwarding_with(""); }

}  // namespace lastbyte::config
