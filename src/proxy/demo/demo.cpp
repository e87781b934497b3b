#include "proxy/demo/demo.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "proxy/demo/origin.h"
#include "proxy/process/operator_log.h"
#include "proxy/serve.h"

namespace lastbyte::proxy {
namespace {

/// Returns a command to try and its meaning.
std::string line(const std::string& command, const char* meaning) {
  return fmt::format("  {:<52} {}\n", command, meaning);
}

std::string instructions(const net::Address& at) {
  const std::string where = at.text();
  return fmt::format("\nlastbyte forwards {} to an origin server of its own. Try, in another terminal:\n\n", where) +
         line(fmt::format("printf hi | nc -N {} {}", at.ip_text(), at.port()),
              "the client half-closes and still gets the answer") +
         line(fmt::format("curl http://{}/", where), "a small page") +
         line(fmt::format("curl -o /dev/null http://{}/big/500", where), "500 MB, byte for byte") +
         line(fmt::format("head -c 40M /dev/zero | curl -T - http://{}/", where),
              "the origin answers 413 and closes during the upload:") +
         line("", "the answer still arrives") + "\nEach ended session is one line below. Ctrl-C stops.\n\n";
}

config::Config demo_config(std::uint16_t listen_port, std::uint16_t origin_port) {
  relay::Forwarding forwarding;
  forwarding.name = "demo";
  forwarding.listen = net::Endpoint::tcp("127.0.0.1", listen_port);
  forwarding.connect = net::Endpoint::tcp("127.0.0.1", origin_port);
  config::Config config;
  config.forwardings.push_back(std::move(forwarding));
  config.drain = std::chrono::seconds(5);
  return config;
}

}  // namespace

int run_demo(std::uint16_t listen_port) {
  const auto origin = Origin::start();
  if (!origin) {
    OperatorLog().error(origin.error().text());
    return 1;
  }
  bool listening = false;
  const auto tell = [&](const std::vector<Bound>& bound) {
    listening = true;
    std::fputs(instructions(bound.front().places.front().address).c_str(), stdout);
    std::fflush(stdout);
  };
  // The demo listens on loopback only and needs no user of its own.
  const int status = serve(demo_config(listen_port, (*origin)->port()), tell, {}, {}, {}, false);
  if (!listening && listen_port != 0)
    OperatorLog().error(
        fmt::format("the demo needs port {} of 127.0.0.1; choose another port with --port", listen_port));
  return status;
}

}  // namespace lastbyte::proxy
