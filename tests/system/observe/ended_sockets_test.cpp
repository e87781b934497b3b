// The event of a session's end names its sockets as the rest of the host does, if they did not end well.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <nlohmann/json.hpp>

#include "net/socket/calls.h"
#include "tests/harness/http.h"
#include "tests/harness/loopback.h"
#include "tests/harness/proxy.h"

namespace lastbyte::system_test {
namespace {

using nlohmann::json;

class EndedSockets : public ::testing::Test {
 protected:
  EndedSockets() {
    events_ = test::connect_to(*net::Address::unix_name(admin_));
    test::send_all(events_, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
    // From here on the reader follows events.
    for (std::string line = next_line(); !line.empty() && !line.starts_with(": events"); line = next_line()) {
    }
  }
  net::test::Pair session() {
    net::test::Pair pair;
    pair.client = net::test::connect_to(proxy_.address());
    pair.server = net::test::accept_one(listening_);
    return pair;
  }
  json ended() {
    for (std::string line = next_line(); !line.empty(); line = next_line())
      if (line.find(R"("event":"session_ended")") != std::string::npos) return json::parse(line.substr(line.find('{')));
    ADD_FAILURE() << "the events ended";
    return json::object();
  }

  TemporaryDirectory directory_;
  std::string admin_ = directory_.file("admin.sock");
  Descriptor listening_ = net::test::listener();
  Proxy proxy_{net::local_address(listening_.get()), {"--admin-listen", "unix:" + admin_}};
  Descriptor events_;

 private:
  std::string next_line() {
    std::array<char, 4096> room{};
    while (text_.find('\n') == std::string::npos) {
      const ssize_t got = ::recv(events_.get(), room.data(), room.size(), 0);
      if (got <= 0) return {};
      text_.append(room.data(), static_cast<std::size_t>(got));
    }
    const std::size_t end = text_.find('\n') + 1;
    std::string line = text_.substr(0, end);
    text_.erase(0, end);
    return line;
  }
  std::string text_;
};

TEST_F(EndedSockets, are_named_of_sides_that_ended_badly) {
  net::test::Pair pair = session();
  const std::string client = net::local_address(pair.client.get()).text();
  const std::string server = net::local_address(pair.server.get()).text();
  const std::string upstream = net::peer_address(pair.server.get()).text();
  net::reset_and_close(pair.server);
  const json sockets = ended()["sockets"];
  EXPECT_EQ(sockets["client"]["local"], proxy_.address().text());
  EXPECT_EQ(sockets["client"]["peer"], client);
  EXPECT_EQ(sockets["upstream"]["local"], upstream);
  EXPECT_EQ(sockets["upstream"]["peer"], server);
  EXPECT_GT(sockets["client"]["cookie"], 0);
  EXPECT_NE(sockets["client"]["cookie"], sockets["upstream"]["cookie"]);
}

TEST_F(EndedSockets, are_not_asked_for_where_all_ended_well) {
  net::test::Pair pair = session();
  pair.client.close();
  EXPECT_EQ(net::test::receive(pair.server, 1), "0");
  pair.server.close();
  EXPECT_FALSE(ended().contains("sockets"));
}

}  // namespace
}  // namespace lastbyte::system_test
