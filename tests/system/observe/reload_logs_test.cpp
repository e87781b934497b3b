// A reload that changes where records and messages go, and in what form, while sessions end all the time.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <sstream>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "tests/harness/http.h"
#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

/// Receives datagrams until the end.
class Receiver {
 public:
  explicit Receiver(const net::Address& at) : fd_(::socket(at.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const int large = 4 << 20;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large);
    EXPECT_EQ(::bind(fd_.get(), at.data(), at.size()), 0) << at.text();
    thread_ = std::thread([this] { run(); });
  }
  ~Receiver() {
    end_ = true;
    ::shutdown(fd_.get(), SHUT_RD);
    thread_.join();
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  [[nodiscard]] net::Address address() const {
    sockaddr_in own{};
    socklen_t length = sizeof own;
    EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&own), &length), 0);
    return net::Address::from_kernel(reinterpret_cast<const sockaddr*>(&own), length);
  }
  std::string lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  void run() {
    const timeval soon{.tv_sec = 0, .tv_usec = 20'000};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    std::array<char, 65536> buffer;
    while (!end_) {
      const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
      const std::lock_guard lock(mutex_);
      if (count > 0) lines_ += std::string(buffer.data(), static_cast<std::size_t>(count)) + '\n';
    }
  }

  Descriptor fd_;
  std::atomic<bool> end_{false};
  std::mutex mutex_;
  std::string lines_;
  std::thread thread_;
};

/// The daemon, whose `log` block comes from its file alone.
class ReloadOfLogs : public testing::Test {
 protected:
  ~ReloadOfLogs() override { server_.stop(); }

  void configure(const std::string& log) const {
    write_file(directory_.file("config"), "workers: 2\nmetrics: {listen: 'tcp:127.0.0.1:0'}\nlog: {" + log +
                                              "}\nforwardings:\n  - {name: web, listen: 'tcp:127.0.0.1:0', connect: "
                                              "'tcp:" +
                                              server_.address().text() + "'}\n");
  }
  void start(const std::string& log) {
    configure(log);
    process_.emplace(Command{
        .arguments = {LASTBYTE_BINARY, "proxy", "--config", directory_.file("config"), "--admin-listen", "none"}});
    ASSERT_TRUE(eventually([&] { return err().find("records to ") != std::string::npos; })) << err();
    address_ = port_after("listening on ");
  }
  [[nodiscard]] net::Address port_after(const std::string& words) const {
    std::smatch match;
    const std::string text = err();
    const bool found = std::regex_search(text, match, std::regex(words + R"(127\.0\.0\.1:([0-9]+))"));
    EXPECT_TRUE(found) << text;
    return *net::Address::parse("127.0.0.1", static_cast<std::uint16_t>(found ? std::stoi(match[1]) : 1));
  }
  [[nodiscard]] std::string err() const { return process_->err(); }
  /// All that was said about this reload on standard error.
  std::string reload(const std::string& log) {
    const std::size_t before = err().size();
    const auto told = [&] {
      const std::string all = err();
      return all.substr(std::min(before, all.size()));
    };
    configure(log);
    process_->signal(SIGHUP);
    EXPECT_TRUE(eventually([&] {
      const std::string said = told();
      return said.find(" as before; ") != std::string::npos || said.find("nothing was changed") != std::string::npos;
    })) << err();
    return told();
  }
  void one_session() const { Client(address_, script("shutdown; expect fin")).wait(); }
  [[nodiscard]] bool is_told_as_successful() const {
    const std::string body = test::http(port_after("metrics at "), "GET", "/metrics").body;
    EXPECT_NE(body.find("\nlastbyte_config_last_reload_successful "), std::string::npos);
    return body.find("\nlastbyte_config_last_reload_successful 1") != std::string::npos;
  }
  [[nodiscard]] std::string text_of(const std::string& name) const {
    const std::string path = directory_.file(name);
    return std::filesystem::exists(path) ? read_file(path) : "";
  }
  void stop() {
    process_->signal(SIGTERM);
    EXPECT_EQ(process_->wait(), 0) << err();
  }

  TemporaryDirectory directory_;
  Server server_ = start_server("expect fin; close", {}, std::nullopt);
  std::optional<Process> process_;
  net::Address address_;
};

/// The session whose record ends the line; nullopt: it is none, or not whole, or in two forms.
std::optional<std::uint64_t> session_of(const std::string& line) {
  static const std::regex text(R"(.*#([0-9]+) web 127\.[^{}]*complete \|[^{}]*)");
  static const std::regex object_at_its_end(R"([^{]*(\{[^{].*\}))");
  std::smatch match;
  if (line.find('{') == std::string::npos)
    return std::regex_match(line, match, text) ? std::optional(std::stoull(match[1])) : std::nullopt;
  if (!std::regex_match(line, match, object_at_its_end)) return std::nullopt;
  const auto object = nlohmann::json::parse(match[1].str(), nullptr, false);
  return object.is_object() ? std::optional(object.value("id", std::uint64_t{0})) : std::nullopt;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

TEST_F(ReloadOfLogs, under_load_puts_each_record_once_and_whole_into_one_of_the_targets_in_one_form) {
  Receiver local(*net::Address::unix_name(directory_.file("syslog")));
  Receiver remote(*net::Address::parse("127.0.0.1", 0));
  const std::vector<std::string> targets{
      directory_.file("one"),
      "stdout",
      "'syslog:unix:" + directory_.file("syslog") + "', app-name: edge, facility: local1",
      directory_.file("two"),
      "'syslog:udp:" + remote.address().text() + "'",
      "stderr"};
  start("target: " + targets[0]);
  std::atomic<bool> end{false};
  std::atomic<std::uint64_t> sessions{0};
  // More sessions than ports would fail, and a slow machine takes long to look through what many have written.
  constexpr std::uint64_t kMostInARound = 400;
  std::atomic<std::uint64_t> allowed{kMostInARound};
  std::vector<std::jthread> load;
  for (int each = 0; each < 4; ++each)
    load.emplace_back([&](const std::stop_token& no_more) {
      while (!end && !no_more.stop_requested()) {
        if (sessions >= allowed) {
          std::this_thread::sleep_for(milliseconds(1));
          continue;
        }
        one_session();
        ++sessions;
      }
    });
  for (std::size_t round = 1; round < 24; ++round) {
    allowed = sessions + kMostInARound;
    const std::string& target = targets[round / 2 % targets.size()];
    const std::string told = reload("target: " + target + (round % 2 != 0 ? ", format: json" : ""));
    EXPECT_EQ(told.find("restart"), std::string::npos) << told;
    EXPECT_EQ(told.find("nothing was changed"), std::string::npos) << told;
    const std::uint64_t before = sessions;
    allowed = before + kMostInARound;
    EXPECT_TRUE(eventually([&] { return sessions > before + 8; }));
  }
  end = true;
  load.clear();
  stop();
  std::vector<int> seen(sessions + 1, 0);
  for (const std::string& text :
       {text_of("one"), process_->out(), local.lines(), text_of("two"), remote.lines(), err()}) {
    std::size_t records = 0;
    for (const std::string& line : lines_of(text)) {
      if (line.find("web 127.") == std::string::npos && line.find(R"("event":"end")") == std::string::npos) continue;
      const auto session = session_of(line);
      ASSERT_TRUE(session && *session >= 1 && *session <= sessions) << line;
      ++seen[*session];
      ++records;
    }
    EXPECT_GT(records, 0U);
  }
  EXPECT_EQ(std::ranges::count(seen, 1), static_cast<std::ptrdiff_t>(sessions));
  EXPECT_NE(local.lines().find(" edge "), std::string::npos);
  EXPECT_EQ(err().find(" of the log lost"), std::string::npos) << err();
}

TEST_F(ReloadOfLogs, keeps_all_as_it_is_where_a_new_target_cannot_be_opened_and_says_so_once) {
  start("target: " + directory_.file("one"));
  const std::string nowhere = directory_.file("no/such/directory");
  const std::string told = reload("format: json, target: " + nowhere);
  const std::string place = directory_.file("config") + ":3:";
  EXPECT_NE(told.find(place), std::string::npos) << told;
  EXPECT_NE(told.find(": open the log " + nowhere + ": No such file or directory (ENOENT)\n"), std::string::npos)
      << told;
  EXPECT_EQ(told.find("open the log"), told.rfind("open the log")) << told;
  EXPECT_NE(told.find("nothing was changed"), std::string::npos) << told;
  EXPECT_TRUE(eventually([&] { return !is_told_as_successful(); }));
  one_session();
  EXPECT_TRUE(eventually([&] { return text_of("one").find(" complete | ") != std::string::npos; })) << text_of("one");
  EXPECT_NE(reload("messages: " + nowhere).find("nothing was changed"), std::string::npos);
  reload("target: " + directory_.file("two"));
  EXPECT_TRUE(eventually([&] { return is_told_as_successful(); }));
  one_session();
  EXPECT_TRUE(eventually([&] { return text_of("two").find(" complete | ") != std::string::npos; }));
  stop();
}

TEST_F(ReloadOfLogs, turns_records_off_and_on_and_loses_none_in_between) {
  start("target: off");
  one_session();
  reload("target: " + directory_.file("one"));
  one_session();
  one_session();
  reload("target: off");
  one_session();
  reload("target: " + directory_.file("one"));
  one_session();
  stop();
  std::vector<std::optional<std::uint64_t>> sessions;
  for (const std::string& line : lines_of(text_of("one"))) sessions.push_back(session_of(line));
  EXPECT_EQ(sessions, (std::vector<std::optional<std::uint64_t>>{2, 3, 5}));
}

TEST_F(ReloadOfLogs, moves_the_messages_and_their_form_and_tells_the_new_place) {
  start("target: off");
  const std::string messages = directory_.file("messages");
  configure("target: off, messages: " + messages + ", format: json");
  process_->signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return text_of("messages").find(" as before; ") != std::string::npos; })) << err();
  EXPECT_NE((err() + text_of("messages")).find("reload: these messages go to " + messages), std::string::npos) << err();
  for (const std::string& line : lines_of(text_of("messages")))
    EXPECT_TRUE(nlohmann::json::parse(line, nullptr, false).is_object()) << line;
  configure("target: off");
  process_->signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return err().find(" as before; ") != std::string::npos; })) << err();
  stop();
  EXPECT_NE(err().find(" info: stopped: "), std::string::npos) << err();
}

// A log that waits for its reader is left by a reload, with all that waits.
TEST_F(ReloadOfLogs, leaves_a_pipe_that_nobody_reads_and_takes_along_what_waits) {
  const std::string pipe = directory_.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const Descriptor reader(::open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  while (::write(reader.get(), std::string(4096, '\n').data(), 4096) > 0) {
  }
  start("target: " + pipe);
  for (int each = 0; each < 20; ++each) one_session();
  reload("format: json, target: " + directory_.file("one"));
  one_session();
  EXPECT_TRUE(eventually([&] { return lines_of(text_of("one")).size() == 21; })) << text_of("one");
  for (const std::string& line : lines_of(text_of("one"))) EXPECT_TRUE(line.starts_with("{")) << line;
  stop();
}

}  // namespace
}  // namespace lastbyte::system_test
