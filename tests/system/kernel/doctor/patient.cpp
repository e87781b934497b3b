#include "tests/system/kernel/doctor/patient.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <thread>

#include "net/namespace/enter.h"
#include "net/socket/calls.h"
#include "tests/harness/process.h"

namespace lastbyte::system_test {

void Patient::inside(const std::function<void()>& body) const {
  const auto entered = net::run_inside(network_.descriptor(), body);
  ASSERT_TRUE(entered) << entered.error().text();
}

void Patient::set(const std::string& setting, const std::string& value) {
  std::ofstream file("/proc/sys/net/" + setting);
  file << value << std::flush;
  if (!file.good()) missing_ = "net/" + setting + " cannot be set here";
}

void Patient::keep(net::test::Pair pair) {
  keep(std::move(pair.client));
  keep(std::move(pair.server));
}

Descriptor Patient::listener(std::uint16_t port, int backlog, const char* ip) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const net::Address address = *net::Address::parse(ip, port);
  EXPECT_EQ(::bind(socket.get(), address.data(), address.size()), 0) << std::strerror(errno);
  EXPECT_EQ(::listen(socket.get(), backlog), 0);
  return socket;
}

net::test::Pair Patient::connection_to(const Descriptor& listener) {
  net::test::Pair pair;
  pair.client = net::test::connect_to(net::local_address(listener.get()));
  if (pair.client) pair.server = net::test::accept_one(listener);
  return pair;
}

net::test::Pair Patient::connection_outside() {
  const Descriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo:1");
  const net::Address address = *net::Address::parse(kOutside, 0);
  std::memcpy(&request.ifr_addr, address.data(), sizeof(sockaddr_in));
  EXPECT_EQ(::ioctl(any.get(), SIOCSIFADDR, &request), 0) << std::strerror(errno);
  return connection_to(listener(80, 1024, kOutside));
}

bool Patient::rest_in_time_wait(const Descriptor& listener) {
  net::test::Pair pair = connection_to(listener);
  if (!pair.server) return false;
  ::shutdown(pair.client.get(), SHUT_WR);
  if (net::test::receive(pair.server, 1) != "0") return false;
  ::shutdown(pair.server.get(), SHUT_WR);
  return net::test::receive(pair.client, 1) == "0";
}

void Patient::look_at_a_process(std::function<void()> prepare) { in_process_ = std::move(prepare); }

nlohmann::json Patient::examine(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{LASTBYTE_BINARY, "doctor", "--json", "--window", "0.05", "--netns", path()};
  if (in_process_ && !process_)
    process_ = std::make_unique<test::Forked>([&]() -> int {
      (*in_process_)();
      for (;;) ::pause();
    });
  if (process_) arguments.insert(arguments.end(), {"--pid", std::to_string(process_->pid())});
  arguments.insert(arguments.end(), arguments_.begin(), arguments_.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  nlohmann::json report;
  std::thread([&] {
    if (restrict_) restrict_();
    Process doctor(Command{.arguments = arguments});
    status_ = doctor.wait().value_or(-1);
    report = nlohmann::json::parse(doctor.out(), nullptr, false);
    EXPECT_FALSE(report.is_discarded()) << doctor.out() << doctor.err();
  }).join();
  return report;
}

Ids Patient::ids(const nlohmann::json& report) const {
  Ids all;
  if (report.is_discarded()) return all;
  for (const auto& each : report["findings"]) all.insert(each["id"].get<std::string>());
  if (!restrict_) {
    all.erase("io-uring-forbidden");
    all.erase("tracing-limited");
  }
  return all;
}

bool Patient::mend(const nlohmann::json& report, const std::string& id) {
  for (const auto& each : report["findings"]) {
    const std::string command = each["command"];
    const std::size_t begin = std::min(command.find("nsenter --net="), command.find("prlimit "));
    if (each["id"] != id || begin == std::string::npos) continue;
    Process shell(Command{.arguments = {"sh", "-c", command.substr(begin)}});
    EXPECT_EQ(shell.wait(), 0) << command << ": " << shell.err();
    return true;
  }
  return false;
}

bool forbid_system_call(long number) {
  std::array<sock_filter, 4> program{
      sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(number)},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
      sock_filter{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace lastbyte::system_test
