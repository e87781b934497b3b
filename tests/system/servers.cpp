#include "servers.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <regex>

#include "net/socket.h"

namespace lastbyte::system_test {
namespace {

net::Address free_address() {
  auto listening = net::listen_on(*net::Address::parse("127.0.0.1", 0), {}, 1);
  EXPECT_TRUE(listening) << listening.error().text();
  return net::local_address(listening->front().get());
}

/// For servers that want their port as a number: one that was free a moment ago may be gone, and then the next is
/// tried. `command` writes what the server needs into its directory and says how it is started; `is_up` tells from the
/// server that it serves.
RunningServer start_on_free_port(const std::function<Command(const RunningServer&)>& command,
                                 const std::function<bool(const RunningServer&)>& is_up) {
  constexpr int kAttempts = 5;
  RunningServer server;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    server.process.reset();
    server.directory = std::make_unique<TemporaryDirectory>();
    server.address = free_address();
    server.process = std::make_unique<Process>(command(server));
    eventually([&] { return is_up(server) || !server.process->running(); });
    if (server.process->running()) return server;
  }
  ADD_FAILURE() << server.process->out() << server.process->err();
  return server;
}

std::string nginx_configuration(const RunningServer& server, const std::string& most_body, const std::string& more) {
  const std::string at = server.directory->path();
  std::string temporary;
  for (const char* each : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    temporary += std::string(each) + "_temp_path " + at + "/temporary/" + each + ";\n";
  return "daemon off; master_process off; pid " + at + "/pid; error_log stderr;\n" +
         "events { worker_connections 500; }\nhttp { access_log off; " + temporary + "server { listen " +
         server.address.text() + "; root " + at + "/root; client_max_body_size " + most_body +
         "; location / { dav_methods PUT; } " + more + " } }\n";
}

}  // namespace

RunningServer start_nginx(const std::string& most_body, const std::string& more) {
  return start_on_free_port(
      [&](const RunningServer& server) {
        const std::string at = server.directory->path();
        for (const char* each : {"root", "temporary"}) std::filesystem::create_directories(at + "/" + each);
        write_file(at + "/nginx.conf", nginx_configuration(server, most_body, more));
        return Command{.arguments = {"nginx", "-e", "stderr", "-c", at + "/nginx.conf"}};
      },
      [](const RunningServer& server) { return std::filesystem::exists(server.directory->file("pid")); });
}

RunningServer start_redis() {
  return start_on_free_port(
      [](const RunningServer& server) {
        return Command{.arguments = {"redis-server", "--bind", "127.0.0.1", "--port",
                                     std::to_string(server.address.port()), "--save", "", "--dir",
                                     server.directory->path()}};
      },
      [](const RunningServer& server) { return server.process->out().find("Ready to accept") != std::string::npos; });
}

RunningServer start_socat(const std::string& command) {
  RunningServer server;
  server.process = std::make_unique<Process>(
      Command{.arguments = {"socat", "-d", "-d", "-t30", "TCP4-LISTEN:0,bind=127.0.0.1,fork", "EXEC:" + command}});
  const std::regex line(R"(listening on AF=2 127\.0\.0\.1:([0-9]+))");
  std::smatch found;
  std::string err;
  EXPECT_TRUE(eventually([&] {
    err = server.process->err();
    return std::regex_search(err, found, line);
  })) << err;
  const int port = found.empty() ? 0 : std::stoi(found[1]);
  server.address = *net::Address::parse("127.0.0.1", static_cast<std::uint16_t>(port));
  return server;
}

}  // namespace lastbyte::system_test
