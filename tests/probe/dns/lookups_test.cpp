// Look-ups against a real DNS server.
#include "probe/dns/lookups.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <functional>
#include <future>
#include <thread>

#include "probe/dns/system.h"
#include "tests/harness/loopback.h"
#include "tests/probe/harness/dns_server.h"

namespace lastbyte::probe::dns {
namespace {

namespace asio = boost::asio;
using test::DnsServer;

/// "10.0.0.1 10.0.0.2 ttl=60000", "missing: why ttl=...", "failed: why"
std::string told(const Answer& answer) {
  const auto ttl = [](const std::optional<Duration>& time) {
    return time ? " ttl=" + std::to_string(time->count()) : "";
  };
  if (const auto* none = std::get_if<NotFound>(&answer))
    return (none->definite ? "missing: " : "failed: ") + none->error + ttl(none->ttl);
  const auto& found = std::get<Found>(answer);
  std::string out;
  for (const net::Address& each : found.addresses) out += (out.empty() ? "" : " ") + each.ip_text();
  for (const Service& each : found.services) {
    out += (out.empty() ? "" : " ") + each.target.host + "=";
    for (const net::Address& address : each.addresses) out += address.text();
  }
  return out + ttl(found.ttl);
}

class DnsLookups : public testing::Test {
 protected:
  void SetUp() override {
    if (!DnsServer::possible()) GTEST_SKIP() << "needs knot";
  }

  Name name(const std::string& host, const DnsServer& server, bool srv = false) {
    return {host, srv, upstream::Resolver::dns, family_, timeout_, {server.address()}};
  }
  std::string look_up(const Name& name) {
    std::string out;
    lookups_.start(name, [&](const Answer& answer) { out = told(answer); });
    while (out.empty())
      if (io_.restart(), io_.run_one_for(std::chrono::seconds(20)) == 0) return "nothing came";
    return out;
  }
  std::string look_up(const std::string& host, const DnsServer& server, bool srv = false) {
    return look_up(name(host, server, srv));
  }

  asio::io_context io_;
  Lookups lookups_{io_};
  upstream::Family family_ = upstream::Family::only_v4;
  Duration timeout_{10'000};
};

TEST_F(DnsLookups, addresses_come_with_their_ttl_and_through_cnames) {
  DnsServer server("a 60 A 10.0.0.1\nalias 5 CNAME a\nboth 60 A 10.0.0.2\nboth 30 AAAA 2001:db8::2");
  EXPECT_EQ(look_up("a.example", server), "10.0.0.1 ttl=60000");
  EXPECT_EQ(look_up("alias.example", server), "10.0.0.1 ttl=5000");
  family_ = upstream::Family::prefer_v6;
  EXPECT_EQ(look_up("both.example", server), "2001:db8::2 10.0.0.2 ttl=30000");
}

TEST_F(DnsLookups, what_is_not_there_is_told_with_the_time_that_this_holds) {
  DnsServer server("a 60 A 10.0.0.1\ntext 60 TXT hello", 7);
  EXPECT_EQ(look_up("no.example", server), "missing: the name does not exist ttl=7000");
  EXPECT_EQ(look_up("text.example", server), "missing: the name has no address ttl=7000");
  EXPECT_EQ(look_up("_x._tcp.example", server, true), "missing: the name does not exist ttl=7000");
  EXPECT_EQ(look_up("a.example", server, true), "missing: the name has no SRV record ttl=7000");
}

TEST_F(DnsLookups, targets_of_srv_come_with_their_addresses_and_ports) {
  DnsServer server("_pg._tcp 40 SRV 10 5 5432 one\n_pg._tcp 40 SRV 20 5 5433 none\none 60 A 10.0.0.1\nnone 60 TXT x",
                   9);
  EXPECT_EQ(look_up("_pg._tcp.example", server, true), "one.example=10.0.0.1:5432 ttl=9000");
}

TEST_F(DnsLookups, a_truncated_answer_comes_by_tcp) {
  std::string records;
  for (int each = 1; each <= 100; ++each) records += "many 60 A 10.0.0." + std::to_string(each) + "\n";
  DnsServer server(records);
  Found found;
  lookups_.start(name("many.example", server), [&](Answer answer) { found = std::get<Found>(std::move(answer)); });
  while (found.addresses.empty()) ASSERT_EQ(io_.run_one_for(std::chrono::seconds(20)), 1U);
  EXPECT_EQ(found.addresses.size(), 100U);
}

TEST_F(DnsLookups, a_server_that_refuses_the_zone_or_the_connection_is_no_answer) {
  DnsServer server("a 60 A 10.0.0.1");
  const std::string none = "failed: no server answered: each one failed, refused or was unreachable";
  EXPECT_EQ(look_up("a.elsewhere", server), none);
  server.stop();
  EXPECT_EQ(look_up("a.example", server), none);
}

TEST_F(DnsLookups, the_next_server_answers_for_one_that_is_gone) {
  DnsServer gone("a 60 A 10.0.0.1");
  DnsServer there("a 60 A 10.0.0.2");
  gone.stop();
  Name asked = name("a.example", gone);
  asked.servers.push_back(there.address());
  EXPECT_EQ(look_up(asked), "10.0.0.2 ttl=60000");
}

TEST_F(DnsLookups, a_look_up_ends_with_its_deadline) {
  DnsServer server("a 60 A 10.0.0.1");
  server.pause();
  timeout_ = Duration(50);
  EXPECT_EQ(look_up("a.example", server), "failed: no answer within 50 ms");
  server.resume();
}

/// Runs on a thread with its own network and mount namespaces. Returns false if this machine does not allow that.
bool in_own_namespaces(const std::function<void()>& run) {
  bool allowed = true;
  std::thread([&] {
    allowed = ::unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
              ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 && std::system("ip link set lo up") == 0;
    if (allowed) run();
  }).join();
  return allowed;
}

TEST_F(DnsLookups, another_resolv_conf_is_noticed_at_the_next_look_up) {
  auto scratch = process::ScratchDirectory::make();
  ASSERT_TRUE(scratch);
  const auto write = [&](const std::string& text) { std::ofstream(scratch->file("resolv.conf")) << text; };
  const bool allowed = in_own_namespaces([&] {
    write("nameserver 127.0.0.1\n");
    ASSERT_EQ(::mount(scratch->file("resolv.conf").c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr), 0);
    DnsServer one("a 60 A 10.0.0.1", 1, "127.0.0.1", 53);
    DnsServer two("a 60 A 10.0.0.2", 1, "127.0.0.2", 53);
    const Name asked{"a.example", false, upstream::Resolver::dns, family_, timeout_, {}};
    EXPECT_EQ(look_up(asked), "10.0.0.1 ttl=60000");
    write("nameserver 127.0.0.2 # another one\n");
    EXPECT_EQ(look_up(asked), "10.0.0.2 ttl=60000");
  });
  if (!allowed) GTEST_SKIP() << "needs namespaces of its own";
}

TEST(SystemLookups, a_stuck_look_up_holds_up_neither_others_nor_the_end) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  asio::io_context io;
  const auto guard = asio::make_work_guard(io);
  std::string heard;
  {
    SystemLookups lookups(io, [released](const std::string& host) -> Result<std::vector<net::Address>> {
      if (host == "stuck") released.wait();
      return std::vector{*net::Address::parse("10.0.0.1", 0)};
    });
    lookups.start("stuck", [&](const auto&) { heard += "stuck "; });
    lookups.start("quick", [&](const auto& found) { heard += "quick=" + found->front().ip_text(); });
    while (heard.empty()) ASSERT_EQ(io.run_one_for(std::chrono::seconds(20)), 1U);
  }
  EXPECT_EQ(heard, "quick=10.0.0.1");
  release.set_value();
}

TEST(SystemLookups, localhost_is_found_in_the_machines_files) {
  asio::io_context io;
  Lookups lookups(io);
  std::string heard;
  lookups.start({"localhost", false, upstream::Resolver::system, upstream::Family::only_v4, Duration(10'000), {}},
                [&](const Answer& answer) { heard = told(answer); });
  while (heard.empty()) ASSERT_EQ(io.run_one_for(std::chrono::seconds(20)), 1U);
  EXPECT_EQ(heard, "127.0.0.1");
}

}  // namespace
}  // namespace lastbyte::probe::dns
