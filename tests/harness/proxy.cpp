#include "tests/harness/proxy.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <sstream>

namespace lastbyte::system_test {
namespace {

constexpr const char* kBinary = LASTBYTE_BINARY;

std::vector<net::Address> listening_addresses(const std::string& err) {
  static const std::regex line(R"(listening on (.*) -> )");
  static const std::regex one(R"(([0-9.]+|\[[0-9a-f:]+\]):([0-9]+))");
  std::vector<net::Address> found;
  for (std::sregex_iterator each(err.begin(), err.end(), line), end; each != end; ++each) {
    const std::string all = (*each)[1];
    if (all.starts_with("unix:")) {
      const auto address = net::Address::unix_name(all.substr(std::string_view("unix:").size()));
      if (address) found.push_back(*address);
      continue;
    }
    for (std::sregex_iterator at(all.begin(), all.end(), one); at != end; ++at) {
      std::string ip = (*at)[1];
      std::erase_if(ip, [](char c) { return c == '[' || c == ']'; });
      const auto address = net::Address::parse(ip, static_cast<std::uint16_t>(std::stoi((*at)[2])));
      if (address) found.push_back(*address);
    }
  }
  return found;
}

/// Whether the daemon has written the last line of its start.
bool is_up(const std::string& err) { return err.find("records to ") != std::string::npos; }

}  // namespace

bool built_with_sanitizer() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return true;
#else
  return false;
#endif
#else
  return false;
#endif
}

Command Proxy::command(const net::Address& upstream, const Options& options, const std::string& log) {
  Command command{
      .arguments = {kBinary, "proxy"}, .passed_sockets = options.passed_sockets, .descriptors = options.descriptors};
  auto& arguments = command.arguments;
  const auto unless_given = [&](const std::string& flag, const std::string& value) {
    if (std::ranges::find(options.flags, flag) == options.flags.end()) arguments.insert(arguments.end(), {flag, value});
  };
  if (options.config.empty()) {
    const std::string transport = upstream.is_unix() ? "" : options.transport;
    arguments.insert(arguments.end(), {"--listen", options.listen, "--connect", transport + upstream.text()});
  } else {
    const std::string path = log + ".yaml";
    write_file(path, options.config);
    arguments.insert(arguments.end(), {"--config", path});
  }
  unless_given("--log-target", log);
  unless_given("--log-format", "json");
  unless_given("--workers", "2");
  unless_given("--admin-listen", "none");
  // LASTBYTE_TEST_IO=io-uring runs the same tests with the other way to send.
  if (const char* io = std::getenv("LASTBYTE_TEST_IO"); io != nullptr) unless_given("--io", io);
  arguments.insert(arguments.end(), options.flags.begin(), options.flags.end());
  return command;
}

Proxy::Proxy(const net::Address& upstream, const Flags& flags) : Proxy(upstream, Options{.flags = flags}) {}

Proxy::Proxy(const net::Address& upstream, Options options)
    : process_(command(upstream, options, directory_.file("log"))) {
  await_start();
}

Proxy::~Proxy() {
  if (watched_) stop();
}

void Proxy::await_start() {
  const bool up = eventually([&] { return is_up(process_.err()) || !process_.running(); });
  EXPECT_TRUE(up && process_.running()) << process_.err();
  addresses_ = listening_addresses(process_.err());
  EXPECT_FALSE(addresses_.empty()) << process_.err();
  if (addresses_.empty()) addresses_.resize(4);
  // Counted here: no client has connected yet, but the control thread's own sockets may appear a moment after the line.
  sockets_at_start_ = process_.sockets();
}

std::string Proxy::reload(const std::string& config) {
  write_file(config_path(), config);
  told_ = process_.err().size();
  const auto said = [&] { return process_.err().substr(told_); };
  process_.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] {
    const std::string text = said();
    return text.find(" as before; ") != std::string::npos || text.find("nothing was changed") != std::string::npos;
  })) << process_.err();
  return said();
}

std::vector<Record> Proxy::records_so_far() const { return parse_records(read_file(directory_.file("log"))); }

std::vector<std::string> Proxy::lines(std::size_t count) {
  const auto written = [&] {
    std::istringstream text(read_file(directory_.file("log")));
    std::vector<std::string> all;
    for (std::string line; std::getline(text, line) && !text.eof();) all.push_back(line);
    return all;
  };
  EXPECT_TRUE(eventually([&] { return written().size() >= count || !process_.running(); }) && written().size() >= count)
      << written().size() << " records of " << count << " came";
  return written();
}

std::vector<Record> Proxy::records(std::size_t count) {
  lines(count);
  auto records = records_so_far();
  EXPECT_EQ(records.size(), count);
  records.resize(count);
  return records;
}

Record Proxy::record() { return records(1).front(); }

bool Proxy::wait_for_sessions(std::size_t count) {
  return eventually([&] { return process_.sockets() == sockets_at_start_ + 2 * count; });
}

void Proxy::stop() {
  EXPECT_TRUE(eventually([&] { return process_.sockets() <= sockets_at_start_; }))
      << process_.sockets() << " sockets are open; " << sockets_at_start_ << " were at the start";
  process_.signal(SIGTERM);
  expect_end();
}

void Proxy::expect_end(int status) {
  watched_ = false;
  EXPECT_EQ(process_.wait(), status) << process_.err();
  const std::string err = process_.err();
  for (const char* complaint : {"bug:", "Sanitizer", "runtime error", "Assertion", "terminate called"})
    EXPECT_EQ(err.find(complaint), std::string::npos) << err;
}

}  // namespace lastbyte::system_test
