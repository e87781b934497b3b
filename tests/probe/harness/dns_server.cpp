#include "tests/probe/harness/dns_server.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <fstream>

#include "base/descriptor.h"
#include "net/socket/calls.h"
#include "process/spawn.h"
#include "tests/harness/eventually.h"

namespace lastbyte::probe::test {
namespace {

constexpr Duration kPatience{20'000};

/// Returns a port that is free for TCP and UDP now.
std::uint16_t free_port(const net::Address& ip) {
  for (int tries = 0; tries < 100; ++tries) {
    const Descriptor stream(::socket(ip.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Descriptor datagram(::socket(ip.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (::bind(stream.get(), ip.data(), ip.size()) != 0) continue;
    const net::Address address = net::local_address(stream.get());
    if (::bind(datagram.get(), address.data(), address.size()) == 0) return address.port();
  }
  ADD_FAILURE() << "no free port";
  return 0;
}

process::ScratchDirectory scratch() {
  auto made = process::ScratchDirectory::make();
  EXPECT_TRUE(made) << made.error().text();
  return std::move(*made);
}

}  // namespace

bool DnsServer::possible() { return !process::find_program("knotd").empty(); }

DnsServer::DnsServer(const std::string& records, int negative_ttl, const std::string& ip, std::uint16_t port)
    : directory_(scratch()), negative_ttl_(negative_ttl), address_(*net::Address::parse(ip, port)) {
  write_zone(records);
  // Another process may take the port before the server binds it.
  for (int tries = 0; tries < 5; ++tries) {
    if (port == 0) {
      address_.set_port(0);
      address_.set_port(free_port(address_));
    }
    if (start()) return;
  }
  ADD_FAILURE() << "knotd does not start: " << (server_ ? server_->output() : "");
}

bool DnsServer::start() {
  std::ofstream(directory_.file("knot.conf"))
      << "server:\n  rundir: " << directory_.path() << "\n  listen: " << address_.ip_text() << "@" << address_.port()
      << "\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
      << "control:\n  listen: knot.sock\n"
      << "database:\n  storage: " << directory_.path()
      << "\nzone:\n  - domain: example\n    storage: " << directory_.path()
      << "\n    file: zone\n    journal-content: none\n"
      << "    zonefile-load: whole\n    zonefile-sync: -1\n"
      << "log:\n  - target: stderr\n    any: warning\n";
  auto started = process::Process::start({process::find_program("knotd"), "-c", directory_.file("knot.conf")}, -1);
  if (!started) return false;
  server_ = std::make_unique<process::Process>(std::move(*started));
  const bool serves = lastbyte::test::eventually(
      [&] { return server_->ended().has_value() || control("zone-status example"); }, kPatience);
  return serves && !server_->ended() && control("zone-reload example");
}

bool DnsServer::control(const std::string& order) {
  const std::string command = process::find_program("knotc") + " -b -t 20 -s " + directory_.file("knot.sock") + " " +
                              order + " >/dev/null 2>&1";
  return std::system(command.c_str()) == 0;
}

void DnsServer::write_zone(const std::string& records) {
  const std::string ttl = std::to_string(negative_ttl_);
  std::ofstream(directory_.file("zone")) << "$ORIGIN example.\n@ " << ttl << " SOA ns admin " << ++serial_
                                         << " 3600 600 86400 " << ttl << "\n@ 60 NS ns\nns 60 A 127.0.0.1\n"
                                         << records << "\n";
}

void DnsServer::set(const std::string& records) {
  write_zone(records);
  EXPECT_TRUE(control("zone-reload example")) << server_->output();
}

void DnsServer::stop() { server_.reset(); }
void DnsServer::pause() {
  server_->signal(SIGSTOP);
  // waitid() returns when all threads have stopped (kernel/signal.c do_signal_stop).
  siginfo_t stopped{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(server_->pid()), &stopped, WSTOPPED | WNOWAIT), 0);
}
void DnsServer::resume() { server_->signal(SIGCONT); }

}  // namespace lastbyte::probe::test
