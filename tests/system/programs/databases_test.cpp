// Redis and PostgreSQL through the proxy, each with its own client.
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

#include "tests/harness/program_server.h"
#include "tests/harness/proxy.h"

namespace lastbyte::system_test {
namespace {

class Redis : public NeedsPrograms {
 protected:
  Redis() : NeedsPrograms({"redis-server", "redis-cli"}) {}

  void SetUp() override {
    NeedsPrograms::SetUp();
    if (IsSkipped()) return;
    server_ = std::make_unique<ProgramServer>([this](std::uint16_t port) {
      return Command{.arguments = {"redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1", "--save", "",
                                   "--appendonly", "no", "--dir", files_.path(), "--enable-debug-command", "local"}};
    });
  }

  static std::string cli(const net::Address& to, const std::vector<std::string>& words, const std::string& input = {}) {
    Command command{.arguments = {"redis-cli", "-h", to.ip_text(), "-p", std::to_string(to.port())}, .input = input};
    command.arguments.insert(command.arguments.end(), words.begin(), words.end());
    return output_of(command);
  }

  /// Returns the digest of all data.
  std::string digest() { return cli(server_->address(), {"DEBUG", "DIGEST"}); }

  TemporaryDirectory files_;
  std::unique_ptr<ProgramServer> server_;
};

TEST_F(Redis, T1_a_pipelined_load_is_the_same_to_the_byte) {
  constexpr int kKeys = 100'000;
  std::string commands;
  const std::string values = payload(kKeys + 64);
  for (int key = 0; key < kKeys; ++key) {
    const std::string name = "key:" + std::to_string(key);
    commands += "*3\r\n$3\r\nSET\r\n$" + std::to_string(name.size()) + "\r\n" + name + "\r\n$64\r\n";
    commands += values.substr(static_cast<std::size_t>(key), 64) + "\r\n";
  }
  Proxy proxy(server_->address());
  const std::string said = cli(proxy.address(), {"--pipe"}, commands);
  EXPECT_NE(said.find("errors: 0, replies: " + std::to_string(kKeys)), std::string::npos) << said;
  const std::string through = digest();
  cli(server_->address(), {"FLUSHALL"});
  cli(server_->address(), {"--pipe"}, commands);
  EXPECT_EQ(through, digest());
  expect_complete_records(proxy, 1);
}

TEST_F(Redis, T1_a_large_value_there_and_back) {
  const std::string value = payload(20'000'003);
  Proxy proxy(server_->address());
  EXPECT_EQ(cli(proxy.address(), {"-x", "SET", "large"}, value), "OK\n");
  EXPECT_TRUE(same_bytes(cli(proxy.address(), {"GET", "large"}), value + "\n"));
  expect_complete_records(proxy, 2);
}

TEST_F(Redis, T1_many_small_requests_in_turn) {
  constexpr int kRequests = 3000;
  std::string commands;
  std::string answers;
  for (int each = 1; each <= kRequests; ++each) {
    commands += "INCR counter\n";
    answers += std::to_string(each) + "\n";
  }
  Proxy proxy(server_->address());
  EXPECT_EQ(cli(proxy.address(), {}, commands), answers);
  expect_complete_records(proxy, 1);
}

/// Returns the programs' directory of the newest installed version; "": there is none.
std::string postgresql_programs() {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const std::string programs = (version.path() / "bin").string();
    if (::access((programs + "/initdb").c_str(), X_OK) == 0) found.push_back(programs);
  }
  return found.empty() ? "" : *std::ranges::max_element(found);
}

class PostgreSQL : public NeedsPrograms {
 protected:
  PostgreSQL() : NeedsPrograms({"psql", "setpriv"}) {}

  void SetUp() override {
    NeedsPrograms::SetUp();
    if (IsSkipped()) return;
    programs_ = postgresql_programs();
    if (programs_.empty()) GTEST_SKIP() << "no PostgreSQL server is installed";
    if (::geteuid() == 0) {
      const passwd* const nobody = ::getpwnam("nobody");
      if (nobody == nullptr) GTEST_SKIP() << "PostgreSQL does not run as root, and there is no user nobody";
      // PostgreSQL does not run as root, and needs to own its directory.
      const std::string user = std::to_string(nobody->pw_uid);
      const std::string group = std::to_string(nobody->pw_gid);
      ASSERT_EQ(::chown(files_.path().c_str(), nobody->pw_uid, nobody->pw_gid), 0);
      as_user_ = {"setpriv", "--reuid", user, "--regid", group, "--clear-groups"};
    }
    output_of(as_user({programs_ + "/initdb", "-D", files_.file("data"), "-U", "test", "-A", "trust", "--no-sync",
                       "--no-locale", "-E", "UTF8"}));
    server_ = std::make_unique<ProgramServer>([this](std::uint16_t port) {
      return as_user({programs_ + "/postgres", "-D", files_.file("data"), "-h", "127.0.0.1", "-p", std::to_string(port),
                      "-k", "", "-c", "fsync=off", "-c", "shared_buffers=16MB"});
    });
    ASSERT_TRUE(eventually([this] {
      return server_->process().err().find("ready to accept connections") != std::string::npos;
    })) << server_->process().err();
  }

  void TearDown() override {
    if (!server_) return;
    // SIGINT lets it end its own children.
    server_->process().signal(SIGINT);
    EXPECT_TRUE(server_->process().wait());
  }

  Command as_user(const std::vector<std::string>& words) const {
    Command command{.arguments = as_user_, .environment = {"LC_ALL=C", "PGTZ=UTC"}};
    command.arguments.insert(command.arguments.end(), words.begin(), words.end());
    return command;
  }

  static std::string psql(const net::Address& to, const std::string& sql, const std::string& input = {}) {
    return output_of({.arguments = {"psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", to.ip_text(), "-p",
                                    std::to_string(to.port()), "-U", "test", "-d", "postgres", "-c", sql},
                      .input = input});
  }

  std::string programs_;
  std::vector<std::string> as_user_;
  TemporaryDirectory files_;
  std::unique_ptr<ProgramServer> server_;
};

TEST_F(PostgreSQL, T1_a_session_with_large_copies_both_ways) {
  constexpr int kRows = 200'000;
  std::string rows;
  const std::string digits = "0123456789abcdef";
  const std::string values = payload(kRows + 64);
  for (int row = 0; row < kRows; ++row) {
    rows += std::to_string(row) + "\t";
    for (std::size_t each = 0; each < 64; ++each)
      rows += digits[static_cast<unsigned char>(values[static_cast<std::size_t>(row) + each]) % 16];
    rows += "\n";
  }
  Proxy proxy(server_->address());
  psql(proxy.address(), "CREATE TABLE t (id int PRIMARY KEY, value text)");
  psql(proxy.address(), "COPY t FROM STDIN", rows);
  EXPECT_TRUE(same_bytes(psql(proxy.address(), "COPY (SELECT * FROM t ORDER BY id) TO STDOUT"), rows));
  EXPECT_TRUE(same_bytes(psql(server_->address(), "COPY (SELECT * FROM t ORDER BY id) TO STDOUT"), rows));
  for (const Record& record : proxy.records(3)) EXPECT_EQ(record.upstream.undelivered, 0U) << record.line;
}

TEST_F(PostgreSQL, T1_the_last_words_of_a_backend_that_is_terminated_arrive) {
  Proxy proxy(server_->address());
  Process session({.arguments = {"psql", "-X", "-q", "-A", "-t", "-h", proxy.address().ip_text(), "-p",
                                 std::to_string(proxy.address().port()), "-U", "test", "-d", "postgres", "-c",
                                 "SELECT pg_terminate_backend(pg_backend_pid())"}});
  EXPECT_EQ(session.wait(), 2) << session.err();  // psql(1): the connection to the server failed
  EXPECT_NE(session.err().find("terminating connection"), std::string::npos) << session.err();
  proxy.records(1);
}

}  // namespace
}  // namespace lastbyte::system_test
