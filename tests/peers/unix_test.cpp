// Scripted peers over UNIX sockets.
#include <gtest/gtest.h>

#include "peers/peer.h"
#include "process/scratch.h"
#include "tests/harness/script.h"

namespace lastbyte::peers {
namespace {

TEST(UnixPeers, agree_on_what_was_sent) {
  const auto directory = process::ScratchDirectory::make();
  ASSERT_TRUE(directory);
  const net::Address at = *net::Address::unix_name(directory->file("socket"));
  for (int i = 0; i < 2; ++i) {  // the path of the first server still exists when the second server starts
    auto server = Server::start(script("expect fin; send 5M; close"), {}, 1, at);
    ASSERT_TRUE(server) << server.error().text();
    EXPECT_EQ(server->address(), at);
    Client client(at, script("send 3M; shutdown; expect fin"));
    EXPECT_TRUE(client.wait().as_scripted()) << client.wait().text();
    EXPECT_EQ(client.wait().received, 5U << 20);
    EXPECT_EQ(server->wait().at(0).received, 3U << 20);
  }
}

Observed client_of(const char* client_text, const char* server_text) {
  const auto directory = process::ScratchDirectory::make();
  Meeting meeting;
  PeerOptions options;
  options.meeting = &meeting;
  const net::Address at = *net::Address::unix_name(directory->file("socket"));
  auto server = Server::start(script(server_text), options, 1, at);
  EXPECT_TRUE(server);
  Client client(at, script(client_text), options);
  return client.wait();
}

TEST(UnixPeers, T14_a_reset_shows_in_the_nearest_form_that_there_is) {
  const Observed unread = client_of("send 1; expect reset", "close-unread");
  EXPECT_TRUE(unread.as_scripted()) << unread.text();
  EXPECT_EQ(unread.error, ECONNRESET);
  const Observed closed = client_of("expect reset", "reset");
  EXPECT_TRUE(closed.as_scripted()) << closed.text();
  const Observed half = client_of("expect reset", "shutdown; await never");
  EXPECT_EQ(half.steps.at(0).failure, "the input ended with a FIN") << half.text();
}

TEST(UnixPeers, nobody_at_the_path_is_reported) {
  Client client(*net::Address::unix_name("/nonexistent/socket"), script("read"));
  EXPECT_FALSE(client.wait().connected);
  EXPECT_EQ(client.wait().error, ENOENT);
  EXPECT_FALSE(Server::start(script("read"), {}, 1, *net::Address::unix_name("/nonexistent/socket")));
}

}  // namespace
}  // namespace lastbyte::peers
