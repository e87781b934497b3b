#include "tests/harness/container.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include "net/namespace/enter.h"

namespace lastbyte::system_test {
namespace {

std::string comm_of(pid_t pid) { return read_file("/proc/" + std::to_string(pid) + "/comm"); }

}  // namespace

Container::Container()
    : process_({.arguments = {"unshare", "--net", "sh", "-c", "ip link set lo up && exec sleep 600"}}),
      up_(eventually([this] { return comm_of(process_.pid()) == "sleep\n" || !process_.running(); }) &&
          process_.running()) {
  if (!up_) return;
  auto opened = net::open_namespace({net::NamespaceName::Kind::pid, {}, static_cast<std::uint32_t>(process_.pid())});
  EXPECT_TRUE(opened) << opened.error().text();
  if (opened) network_ = std::move(*opened);
}

std::optional<std::string> Container::shell(const std::string& text) const {
  Process ran({.arguments = {"nsenter", "--net=/proc/" + std::to_string(pid()) + "/ns/net", "sh", "-c", text}});
  if (ran.wait() == 0) return std::nullopt;
  return ran.err();
}

void Container::kill() {
  network_.close();
  process_.signal(SIGKILL);
  process_.wait();
}

bool own_run() {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", "/run", "tmpfs", 0, nullptr) == 0;
}

void run_at(Place place, const std::function<void()>& function) {
  const auto ran = net::run_inside(place == nullptr ? -1 : place->network(), function);
  EXPECT_TRUE(ran) << ran.error().text();
}

Server serve_at(Place place, std::string_view text, const net::Address& listen,
                std::optional<std::uint32_t> connections) {
  std::optional<Server> server;
  run_at(place, [&] {
    auto started = Server::start(script(text), {}, connections, listen);
    EXPECT_TRUE(started) << started.error().text();
    if (started) server.emplace(std::move(*started));
  });
  return std::move(*server);
}

Observed connect_at(Place place, const net::Address& to, std::string_view text) {
  Observed seen;
  run_at(place, [&] { seen = Client(to, script(text)).wait(); });
  return seen;
}

}  // namespace lastbyte::system_test
