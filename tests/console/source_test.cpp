// lastbyte top reads all sessions of an instance that has more of them than it gives at once.
#include "console/top/source.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/descriptor.h"
#include "console/top/view.h"

namespace lastbyte::console {
namespace {

using Json = nlohmann::json;

/// The administration of an instance with that many sessions, of which one ends after each page.
class Instance {
 public:
  explicit Instance(std::uint64_t sessions) {
    for (std::uint64_t id = 1; id <= sessions; ++id) open_.push_back(id);
    std::string pattern = std::filesystem::temp_directory_path() / "lastbyte-source-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    listening_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un at{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(at.sun_path, path().c_str(), sizeof at.sun_path - 1);
    EXPECT_EQ(::bind(listening_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(listening_.get(), 64), 0);
    thread_ = std::thread([this] { run(); });
  }
  ~Instance() {
    ::shutdown(listening_.get(), SHUT_RDWR);
    thread_.join();
    std::filesystem::remove_all(directory_);
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  [[nodiscard]] std::string path() const { return directory_ / "admin.sock"; }
  std::atomic<int> pages{0};
  std::atomic<int> restarts_at{-1};  ///< the page that comes from another run

 private:
  void run() {
    for (;;) {
      const Descriptor client(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      std::array<char, 4096> request{};
      const ssize_t count = ::recv(client.get(), request.data(), request.size() - 1, 0);
      if (count <= 0) continue;
      const std::string answer = "HTTP/1.1 200 OK\r\n\r\n" + answer_to(request.data()).dump();
      (void)!::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  Json answer_to(const std::string& request) {
    if (request.find("/v1/status") != std::string::npos)
      return {{"version", "1"},
              {"pid", 1},
              {"instance", "a run"},
              {"uptime_us", 1},
              {"ready", true},
              {"workers", Json::array()},
              {"forwardings", Json::array()}};
    const std::string word = "after=";
    const std::uint64_t after = std::stoull(request.substr(request.find(word) + word.size()));
    const Json flow{{"received", 1}, {"unacknowledged", 0}};
    Json sessions = Json::array();
    const auto first = std::ranges::upper_bound(open_, after);
    for (auto each = first; each != open_.end() && sessions.size() < Pages::kPage; ++each)
      sessions.push_back({{"id", *each},
                          {"forwarding", "web"},
                          {"state", "open"},
                          {"client", "192.0.2.1:1"},
                          {"upstream", "192.0.2.2:2"},
                          {"age_us", 1},
                          {"idle_us", *each == 11'111 ? 99 : 1},
                          {"half_close_age_us", nullptr},
                          {"deadline", "idle"},
                          {"fires_in_us", 1},
                          {"flows", {{"client", flow}, {"upstream", flow}}}});
    const auto matched = open_.end() - first;
    open_.erase(open_.begin());
    return {{"instance", pages++ == restarts_at ? "another run" : "a run"},
            {"matched", matched},
            {"sessions", std::move(sessions)}};
  }

  std::filesystem::path directory_;
  Descriptor listening_;
  std::vector<std::uint64_t> open_;
  std::thread thread_;
};

Result<Picture> picture_of(Source& source, const SessionsRequest& request) {
  if (auto asked = source.ask(request, std::chrono::steady_clock::now()); !asked) return Failure(asked.error());
  for (;;) {
    if (auto picture = source.go_on(std::chrono::steady_clock::now())) return std::move(*picture);
    std::vector<pollfd> polled;
    source.add_to(polled);
    ::poll(polled.data(), polled.size(), 1000);
  }
}

TEST(Source, has_all_sessions_of_an_instance_that_gives_them_in_pages) {
  Instance instance(12'000);
  Source source(instance.path());
  View view(SortKey::idle, false, "");
  auto picture = picture_of(source, view.request());
  ASSERT_TRUE(picture) << picture.error().text();
  EXPECT_EQ(instance.pages, 3);
  EXPECT_EQ(picture->sessions.sessions.size(), 12'000U) << "those that end were read before";
  view.took(std::move(picture->status), std::move(picture->sessions));
  EXPECT_EQ(view.visible().size(), 12'000U);
  EXPECT_EQ(view.visible().front()->session.id, 11'111U) << "compared with all others";
}

TEST(Source, of_an_instance_that_is_started_anew_between_two_pages_gives_no_picture) {
  Instance instance(12'000);
  instance.restarts_at = 1;
  Source source(instance.path());
  const auto picture = picture_of(source, {});
  ASSERT_FALSE(picture);
  EXPECT_EQ(picture.error().code, ESTALE);
  EXPECT_TRUE(picture_of(source, {})) << "the next one";
}

}  // namespace
}  // namespace lastbyte::console
