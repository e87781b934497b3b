// T12 and T11 under crowds that come, go, wait and reset at all moments.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>
#include <set>

#include "net/socket.h"
#include "scene.h"

namespace lastbyte::system_test {
namespace {

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

/// Every byte there and back while `disturb` runs beside it, in the same worker.
class T12_ATransfer : public ::testing::Test {
 protected:
  void undisturbed_by(const std::function<void(Proxy&)>& disturb, const std::string& server_text = "read") {
    options_.meeting = &meeting_;
    options_.limit = std::chrono::seconds(60);
    Server calm_server = start_server("recv 20M | send 20M; expect fin; close", options_);
    Server server = start_server(server_text, options_, std::nullopt);
    Proxy::Options options;
    options.flags = {"--workers", "1"};
    options.config = "forwardings:\n  - listen: tcp:127.0.0.1:0\n    connect: tcp:" + calm_server.address().text() +
                     "\n  - listen: tcp:127.0.0.2:0\n    connect: tcp:" + server.address().text() + "\n";
    Proxy proxy(server.address(), options);
    Client calm(proxy.address(0),
                script("send 10M by 64K every 5ms | recv 10M by 64K; signal half; send 10M | recv "
                       "10M; shutdown; expect fin"),
                options_);
    disturb(proxy);
    EXPECT_TRUE(calm.wait().as_scripted()) << calm.wait().text();
    EXPECT_TRUE(calm_server.wait().at(0).as_scripted()) << calm_server.wait().at(0).text();
    server.stop();
    server.wait();
    EXPECT_TRUE(eventually([&] { return proxy.process().sockets() == proxy.sockets_at_start(); }));
    const auto records = proxy.records_so_far();
    const auto of_calm = std::ranges::find(records, 20'000'000U / 20 * 20 + 0U, [](const Record& each) {
      return each.complete ? each.client.delivered / 1'000'000 * 1'000'000 : 0;
    });
    EXPECT_NE(of_calm, records.end());
  }

  Meeting meeting_;
  PeerOptions options_;
};

}  // namespace
}  // namespace lastbyte::system_test
