#include "proxy/demo.h"

#include <fmt/format.h>

#include <cstdio>

#include "proxy/operator_log.h"
#include "proxy/origin.h"
#include "proxy/serve.h"

namespace lastbyte::proxy {
namespace {

constexpr const char* kInstructions = R"(
lastbyte forwards {where} to an origin server of its own. Try, in another terminal:

  printf hi | nc -N {host} {port}                   the client ends its half first, and still gets the answer
  curl http://{where}/                       a small page
  curl -o /dev/null http://{where}/big/500   500 MB, byte for byte
  head -c 40M /dev/zero | curl -T - http://{where}/
                                                      the origin answers 413 and closes while the upload goes on:
                                                      the answer arrives all the same

Each session that ends is one line below. Ctrl-C stops.

)";

config::Config demo_config(std::uint16_t listen_port, std::uint16_t origin_port) {
  relay::Forwarding forwarding;
  forwarding.name = "demo";
  forwarding.listen = {"127.0.0.1", listen_port};
  forwarding.connect = {"127.0.0.1", origin_port};
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
  const int status = serve(demo_config(listen_port, (*origin)->port()), [&](const std::vector<Bound>& bound) {
    listening = true;
    const net::Address& at = bound.front().addresses.front();
    fmt::print(fmt::runtime(kInstructions), fmt::arg("where", at.text()), fmt::arg("host", at.ip_text()),
               fmt::arg("port", at.port()));
    std::fflush(stdout);
  });
  if (!listening && listen_port != 0)
    OperatorLog().error(fmt::format("the demo wants port {} of 127.0.0.1; give it another one", listen_port));
  return status;
}

}  // namespace lastbyte::proxy
