// `lastbyte demo`: a forwarder with a built-in origin, without a configuration.
#include "proxy/demo/demo.h"

#include <charconv>

#include "cli/subcommands.h"

namespace lastbyte::cli {

namespace {

int run_demo(const Arguments& arguments) {
  std::uint16_t port = 8080;
  if (arguments.count("port") > 1) return usage_error("demo", "--port: given twice; expected once");
  if (const auto text = arguments.first("port")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), port);
    if (error != std::errc() || end != text->data() + text->size()) {
      return usage_error("demo", "--port: '" + *text + "': expected 0 to 65535");
    }
  }
  return proxy::run_demo(port);
}

}  // namespace

Command demo_command() {
  return {
      .name = "demo",
      .summary = "Run a built-in origin server with a forwarder in front of it, to try.",
      .usage = "demo [--port PORT]",
      .notes = "",
      .options = {{.flag = "port",
                   .placeholder = "PORT",
                   .help = "Port on 127.0.0.1 to listen on: 0 to 65535, where 0 lets the kernel pick. Default: 8080.",
                   .group = "Options"}},
      .run = run_demo};
}

}  // namespace lastbyte::cli
