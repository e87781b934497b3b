#include "tests/peers/both.h"

#include <gtest/gtest.h>

namespace lastbyte::peers {

Both run(std::string_view client_text, std::string_view server_text, PeerOptions options) {
  Meeting meeting;
  options.meeting = &meeting;
  auto server = Server::start(script(server_text), options);
  EXPECT_TRUE(server) << server.error().text();
  Client client(server->address(), script(client_text), options);
  Both both;
  both.client = client.wait();
  both.server = server->wait().at(0);
  return both;
}

}  // namespace lastbyte::peers
