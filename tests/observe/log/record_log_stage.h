// A log of records with two rings, in a directory of its own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "observe/log/record_log.h"
#include "tests/harness/eventually.h"

namespace lastbyte::observe {

using test::eventually;

namespace fs = std::filesystem;

inline std::string short_line(const relay::Record& record) { return "record " + std::to_string(record.id); }
inline std::string other_line(const relay::Record& record) { return "other " + std::to_string(record.id); }
inline std::string long_line(const relay::Record& record) {
  return "record " + std::to_string(record.id) + " " + std::string(200, 'x');
}

class RecordLogTest : public testing::Test {
 protected:
  RecordLogTest() {
    std::string pattern = fs::temp_directory_path() / "lastbyte-log-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override {
    log_.reset();
    fs::remove_all(directory_);
  }

  void open(const std::string& target, RecordFormatter format = short_line) { begin(target_at(target), format); }
  /// nullopt: it writes nowhere.
  void begin(std::optional<LogTarget> target, RecordFormatter format = short_line) {
    auto log = RecordLog::create(std::move(target), format, [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      warnings_.push_back(line);
    });
    ASSERT_TRUE(log) << log.error().text();
    log_ = std::move(*log);
    log_->start({&ring_, &other_ring_});
  }
  static std::optional<LogTarget> target_at(const std::string& where) {
    auto target = LogTarget::open(where);
    EXPECT_TRUE(target) << target.error().text();
    return target ? std::optional(std::move(*target)) : std::nullopt;
  }
  void move_to(std::optional<LogTarget> target, std::optional<RecordFormatter> format = std::nullopt) {
    log_->obey({.moves = true, .target = std::move(target), .format = format});
  }

  bool push(std::uint64_t id, relay::RecordRing* ring = nullptr) {
    relay::Record record;
    record.id = id;
    const bool taken = (ring != nullptr ? ring : &ring_)->push(record);
    log_->wake();
    return taken;
  }

  std::vector<std::string> warnings() {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }

  static std::vector<std::string> lines(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> all;
    for (std::string line; std::getline(file, line);) all.push_back(line);
    return all;
  }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ / name; }

  fs::path directory_;
  relay::RecordRing ring_{8192};
  relay::RecordRing other_ring_{8192};
  std::mutex mutex_;
  std::vector<std::string> warnings_;
  std::unique_ptr<RecordLog> log_;
};

class PipeLogTest : public RecordLogTest {
 protected:
  PipeLogTest() {
    ::mkfifo(path("pipe").c_str(), 0600);
    reader_ = Descriptor(::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  /// Reads what has come.
  std::string read_some() const {
    std::string all(1 << 16, '\0');
    const ssize_t count = ::read(reader_.get(), all.data(), all.size());
    all.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return all;
  }

  Descriptor reader_;
};

// If this hangs, the test program's time limit ends it.
}  // namespace lastbyte::observe
