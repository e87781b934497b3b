// Where records and messages are written, and in which form.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/harness/scene.h"

namespace lastbyte::system_test {
namespace {

constexpr const char* kDaemon = LASTBYTE_BINARY;

/// Returns the whole lines of its records.
std::vector<nlohmann::json> lines_of(const Proxy& proxy) {
  std::vector<nlohmann::json> all;
  std::istringstream text(read_file(proxy.log_path()));
  for (std::string line; std::getline(text, line) && !text.eof();) all.push_back(nlohmann::json::parse(line));
  return all;
}

/// A server for any number of sessions, and a forwarding to it. The test chooses its `log` block.
class Logs : public testing::Test {
 protected:
  ~Logs() override { server_.stop(); }
  [[nodiscard]] std::string config(const std::string& log) const {
    return "log: {" + log +
           "}\nforwardings:\n  - {name: web, listen: 'tcp:127.0.0.1:0', connect: 'tcp:" + server_.address().text() +
           "'}\n";
  }
  [[nodiscard]] Proxy start(const std::string& log) const {
    return Proxy(server_.address(), Proxy::Options{.config = config(log)});
  }
  static void complete_one(const Proxy& proxy) {
    Client client(proxy.address(), script("shutdown; expect fin"));
    EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
  }
  static void reset_one(const Proxy& proxy) { Client(proxy.address(), script("send 10; sleep 1ms; reset")).wait(); }
  /// Waits until the last record is that of a failed session: a ring keeps the order. Returns for each record whether
  /// it is complete.
  static std::vector<bool> completes(Proxy& proxy) {
    EXPECT_TRUE(eventually([&] {
      const auto records = proxy.records_so_far();
      return !records.empty() && !records.back().complete;
    }));
    std::vector<bool> all;
    for (const Record& each : proxy.records_so_far()) all.push_back(each.complete);
    return all;
  }

  Server server_ = start_server("read; close", {}, std::nullopt);
};

TEST_F(Logs, of_failures_have_no_record_of_a_complete_session_and_a_reload_changes_that) {
  Proxy proxy(server_.address(), {.flags = {"--workers", "1"}, .config = config("sessions: failures")});
  complete_one(proxy);
  reset_one(proxy);
  EXPECT_EQ(completes(proxy), std::vector<bool>{false});
  const std::string told = proxy.reload(config("sessions: all"));
  EXPECT_EQ(told.find("restart"), std::string::npos) << told;
  complete_one(proxy);
  EXPECT_TRUE(eventually([&] { return proxy.records_so_far().size() == 2; }));
  proxy.reload(config("sessions: none"));
  complete_one(proxy);
  reset_one(proxy);
  EXPECT_TRUE(proxy.wait_for_sessions(0));
  proxy.reload(config("sessions: failures"));
  reset_one(proxy);
  EXPECT_TRUE(eventually([&] { return proxy.records_so_far().size() >= 3; }));
  const auto all = proxy.records_so_far();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_TRUE(all[1].complete);
  EXPECT_EQ(all[2].id, 6U) << "sessions 4 and 5 ended while there were to be no records";
}

TEST_F(Logs, a_sample_keeps_the_same_sessions_each_time_and_all_failures) {
  const auto ids = [&] {
    Proxy proxy(server_.address(), {.flags = {"--workers", "1"}, .config = config("sample: 0.5")});
    for (int each = 0; each < 40; ++each) complete_one(proxy);
    reset_one(proxy);
    completes(proxy);
    std::set<std::uint64_t> all;
    for (const Record& each : proxy.records_so_far()) all.insert(each.id);
    return all;
  };
  const auto first = ids();
  EXPECT_EQ(first, ids());
  EXPECT_TRUE(first.contains(41)) << "the failure";
  EXPECT_GT(first.size(), 5U);
  EXPECT_LT(first.size(), 36U);
}

TEST_F(Logs, with_a_sample_of_nothing_have_the_failures_alone_until_a_reload) {
  Proxy proxy(server_.address(), {.flags = {"--workers", "1"}, .config = config("sample: 0")});
  for (int each = 0; each < 5; ++each) complete_one(proxy);
  reset_one(proxy);
  EXPECT_EQ(completes(proxy), std::vector<bool>{false});
  proxy.reload(config("sample: 1"));
  complete_one(proxy);
  EXPECT_TRUE(eventually([&] { return proxy.records_so_far().size() == 2; }));
}

TEST_F(Logs, leave_out_messages_below_their_level_and_a_reload_changes_it) {
  Proxy proxy = start("level: info");
  EXPECT_NE(proxy.process().err().find(" info: "), std::string::npos);
  const auto told = [&](const std::string& what) { return proxy.process().err().find(what) != std::string::npos; };
  std::string quiet = config("level: error");
  quiet.replace(quiet.find("name: web"), 9, "name: quiet");
  write_file(proxy.config_path(), quiet);
  proxy.process().signal(SIGHUP);
  // This reload ends without a message.
  ASSERT_TRUE(eventually([&] {
    complete_one(proxy);
    const auto records = proxy.records_so_far();
    return !records.empty() && records.back().forwarding == "quiet";
  }));
  write_file(proxy.config_path(), "forwardings: 1\n");
  proxy.process().signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return told("error: reload failed"); })) << proxy.process().err();
  const std::size_t so_far = proxy.process().err().size();
  std::filesystem::rename(proxy.log_path(), proxy.log_path() + ".1");
  proxy.process().signal(SIGUSR1);
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(proxy.log_path()); }));
  write_file(proxy.config_path(), config("level: info"));
  proxy.process().signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return told(" as before; "); })) << proxy.process().err();
  EXPECT_EQ(proxy.process().err().substr(so_far).find("SIGUSR1"), std::string::npos) << proxy.process().err();
}

/// Starts the daemon behind a shell. `redirection` is the shell's script: it sends both streams somewhere ($0 is a
/// directory), and may set other things.
Process start_behind_shell(const TemporaryDirectory& directory, const std::string& redirection, const Flags& flags) {
  Command command{.arguments = {"sh", "-c", redirection, directory.path(), kDaemon, "proxy", "--admin-listen", "none"}};
  command.arguments.insert(command.arguments.end(), flags.begin(), flags.end());
  return Process(command);
}

TEST_F(Logs, tell_of_a_session_when_it_begins_while_it_goes_on_and_when_it_ends) {
  Meeting meeting;
  Proxy proxy = start("format: json, begin: true, every: 1s");
  Client client(proxy.address(), script("send 10; await go; shutdown; expect fin"), {.meeting = &meeting});
  using Event = std::pair<std::string, std::uint64_t>;
  const auto events = [&] {
    std::vector<Event> all;
    for (const auto& line : lines_of(proxy)) all.emplace_back(line["event"], line["id"]);
    return all;
  };
  ASSERT_TRUE(eventually([&] { return events().size() >= 3; }));
  const auto open = lines_of(proxy)[1];
  EXPECT_EQ(open["state"], "open") << open;
  EXPECT_EQ(open["client"]["received"], 10) << open;
  EXPECT_EQ(open["client"]["sent"], 10) << open;
  EXPECT_GE(open["duration_us"], 1'000'000) << open;
  // Sessions that begin from now on write only their end.
  proxy.reload(config("format: json"));
  complete_one(proxy);
  ASSERT_TRUE(eventually([&] { return events().back() == Event("end", 2); }));
  meeting.signal("go");
  client.wait();
  ASSERT_TRUE(eventually([&] { return events().back() == Event("end", 1); }));
  auto all = events();
  EXPECT_GE(std::erase(all, Event("open", 1)), 2U);
  EXPECT_EQ(all, (std::vector<Event>{{"begin", 1}, {"end", 2}, {"end", 1}}));
}

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    all.push_back(nlohmann::json::parse(line, nullptr, false));
    EXPECT_TRUE(all.back().is_object()) << line;
  }
  return all;
}

/// Returns the address in the daemon's message.
std::optional<net::Address> listening_at(const std::string& text) {
  const std::string words = "listening on 127.0.0.1:";
  const std::size_t at = text.find(words);
  if (at == std::string::npos) return std::nullopt;
  return net::Address::parse("127.0.0.1", static_cast<std::uint16_t>(std::stoi(text.substr(at + words.size()))));
}

TEST_F(Logs, in_json_are_an_object_on_every_line_of_a_stream_that_messages_and_records_share) {
  const TemporaryDirectory directory;
  const std::string file = directory.file("all");
  // "any client may send a PROXY header" is a warning of the configuration, and so a line as well.
  write_file(directory.file("config"),
             "log: {format: json}\nforwardings:\n  - name: 'a\"web\"'\n    listen: tcp:127.0.0.1:0\n    connect: "
             "tcp:" +
                 server_.address().text() + "\n    client: {proxy-protocol: optional}\n");
  Process process =
      start_behind_shell(directory, R"(exec "$@" >"$0/all" 2>&1)", {"--config", directory.file("config")});
  ASSERT_TRUE(eventually([&] { return read_file(file).find("records to ") != std::string::npos; })) << read_file(file);
  Client(*listening_at(read_file(file)), script("shutdown; expect fin")).wait();
  ASSERT_TRUE(eventually([&] { return read_file(file).find(R"("complete":true)") != std::string::npos; }));
  write_file(directory.file("config"), "forwardings: 1\n");
  process.signal(SIGHUP);
  ASSERT_TRUE(eventually([&] { return read_file(file).find("reload failed") != std::string::npos; }))
      << read_file(file);
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
  const auto all = json_lines(read_file(file));
  const auto count = [&](const std::string& field, const std::string& value) {
    return std::ranges::count_if(
        all, [&](const auto& each) { return each.is_object() && each.value(field, nlohmann::json()) == value; });
  };
  EXPECT_EQ(count("event", "end"), 1);
  EXPECT_EQ(count("event", "message") + 1, static_cast<std::ptrdiff_t>(all.size()));
  EXPECT_GE(count("forwarding", "a\"web\""), 2) << "of the record, and of what listens";
  EXPECT_EQ(count("level", "error"), 2);
  const auto wrong = std::ranges::find_if(all, [](const auto& each) { return each.value("level", "") == "error"; });
  ASSERT_NE(wrong, all.end());
  EXPECT_EQ((*wrong)["place"], directory.file("config") + ":1:14");
}

TEST_F(Logs, say_where_the_setting_stands_that_cannot_be_had) {
  const TemporaryDirectory directory;
  write_file(directory.file("config"),
             "log: {format: json}\nforwardings:\n  - name: web\n    listen: tcp:127.0.0.1:1-2\n"
             "    connect: tcp:127.0.0.1:9\n    client: {interface: none-such0}\n");
  Process process({.arguments = {"sh", "-c", R"(exec "$@" 2>"$0/all")", directory.path(), kDaemon, "proxy", "--config",
                                 directory.file("config"), "--admin-listen", "none"}});
  EXPECT_EQ(process.wait(), 1);
  const auto all = json_lines(read_file(directory.file("all")));
  ASSERT_FALSE(all.empty());
  for (const auto& each : all) {
    EXPECT_EQ(each["level"], "error");
    EXPECT_EQ(each["forwarding"], "web") << each;
    EXPECT_FALSE(each["setting"].is_null()) << each;
    EXPECT_TRUE(each["place"].get<std::string>().starts_with(directory.file("config") + ":")) << each;
  }
}

// The variable names the stream by device and inode. Only that stream gets priorities.
TEST_F(Logs, tell_the_journal_the_priority_of_each_line_and_nobody_else) {
  for (const std::string named : {"all", "other"}) {
    const TemporaryDirectory directory;
    write_file(directory.file("other"), "");
    write_file(directory.file("all"), "");
    Process process = start_behind_shell(
        directory,
        "JOURNAL_STREAM=$(stat -c %d:%i \"$0/" + named + "\"); export JOURNAL_STREAM; exec \"$@\" 2>\"$0/all\"",
        {"--listen", "tcp:127.0.0.1:0", "--connect", "tcp:" + server_.address().text()});
    const auto text = [&] { return read_file(directory.file("all")); };
    ASSERT_TRUE(eventually([&] { return text().find("records to ") != std::string::npos; })) << text();
    Client(*listening_at(text()), script("shutdown; expect fin")).wait();
    ASSERT_TRUE(eventually([&] { return text().find(" complete | ") != std::string::npos; })) << text();
    Client(*listening_at(text()), script("send 10; sleep 1ms; reset")).wait();
    ASSERT_TRUE(eventually([&] { return text().find("reset by client") != std::string::npos; })) << text();
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait(), 0);
    std::istringstream lines(text());
    for (std::string line; std::getline(lines, line);) {
      if (named == "other") {
        EXPECT_TRUE(line.starts_with("20")) << line;
      } else if (line.find(" warning: ") != std::string::npos) {
        EXPECT_TRUE(line.starts_with("<4>20")) << line;
      } else {
        EXPECT_TRUE(line.starts_with(line.find("reset by client") != std::string::npos ? "<5>20" : "<6>20")) << line;
      }
    }
  }
}

TEST_F(Logs, go_to_standard_output_where_they_are_to_and_messages_to_a_file_that_is_opened_again) {
  const TemporaryDirectory directory;
  const std::string messages = directory.file("messages");
  Process process = start_behind_shell(directory, R"(exec "$@" >"$0/out" 2>"$0/err")",
                                       {"--listen", "tcp:127.0.0.1:0", "--connect", "tcp:" + server_.address().text(),
                                        "--log-target", "stdout", "--log-messages", messages});
  ASSERT_TRUE(eventually([&] {
    return std::filesystem::exists(messages) && read_file(messages).find("records to stdout") != std::string::npos;
  }));
  const net::Address address = *listening_at(read_file(messages));
  Client(address, script("shutdown; expect fin")).wait();
  EXPECT_TRUE(eventually([&] { return read_file(directory.file("out")).find(" complete | ") != std::string::npos; }));
  std::filesystem::rename(messages, messages + ".1");
  process.signal(SIGUSR1);
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(messages); }));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
  EXPECT_NE(read_file(messages).find("stopped: 1 session served"), std::string::npos) << read_file(messages);
  EXPECT_EQ(read_file(directory.file("err")), "") << "what can be written there does not go to standard error";
}

TEST_F(Logs, that_cannot_be_written_leave_the_messages_to_standard_error) {
  const TemporaryDirectory directory;
  Process process = start_behind_shell(directory, R"(exec "$@" 2>"$0/err")",
                                       {"--listen", "tcp:127.0.0.1:0", "--connect", "tcp:" + server_.address().text(),
                                        "--log-target", "off", "--log-messages", "/dev/full"});
  ASSERT_TRUE(eventually([&] { return read_file(directory.file("err")).find("records to off") != std::string::npos; }));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
  EXPECT_NE(read_file(directory.file("err")).find("stopped: "), std::string::npos);
}

}  // namespace
}  // namespace lastbyte::system_test
