#include "tests/harness/program_server.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <span>
#include <sstream>

#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "peers/payload.h"

namespace lastbyte::system_test {
namespace {

net::Address free_address() {
  const auto socket = net::listen_tcp(*net::Address::parse("127.0.0.1", 0), {}, 1);
  EXPECT_TRUE(socket) << socket.error().text();
  return socket ? net::local_address(socket->front().get()) : net::Address();
}

std::set<std::string> sockets_of(pid_t pid) {
  std::set<std::string> all;
  std::error_code ignored;
  for (const auto& each : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", ignored))
    all.insert(std::filesystem::read_symlink(each.path(), ignored).string());
  return all;
}

/// Whether this very process listens on the port: an answer from the port could come from another one. In /proc/net/tcp
/// (proc(5), net/ipv4/tcp_ipv4.c get_tcp4_sock) the local address is the second field, the state the fourth, the
/// socket's inode the tenth.
bool listens(pid_t pid, std::uint16_t port) {
  const std::set<std::string> owned = sockets_of(pid);
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::array<std::string, 10> field;
    for (std::string& each : field) fields >> each;
    const auto colon = field[1].rfind(':');
    if (field[3] != "0A" || colon == std::string::npos) continue;
    if (std::stoul(field[1].substr(colon + 1), nullptr, 16) == port && owned.contains("socket:[" + field[9] + "]"))
      return true;
  }
  return false;
}

}  // namespace

void NeedsPrograms::SetUp() {
  for (const std::string& program : programs_)
    if (find_program(program).empty()) GTEST_SKIP() << program << " is not installed";
}

ProgramServer::ProgramServer(const std::function<Command(std::uint16_t port)>& command) {
  // Another process may take the port before our program's bind(). The program then ends, and we try another port.
  constexpr int kTries = 5;
  for (int tried = 0; tried < kTries; ++tried) {
    address_ = free_address();
    process_ = std::make_unique<Process>(command(address_.port()));
    eventually([this] { return listens_or_ended(); });
    if (process_->running()) break;
  }
  EXPECT_TRUE(process_->running() && listens(process_->pid(), address_.port()))
      << "it does not listen on " << address_.text() << ": " << process_->err() << process_->out();
}

bool ProgramServer::listens_or_ended() { return !process_->running() || listens(process_->pid(), address_.port()); }

void expect_complete_records(Proxy& proxy, std::size_t sessions) {
  for (const Record& record : proxy.records(sessions)) EXPECT_TRUE(record.complete) << record.line;
}

std::string payload(std::size_t bytes, std::uint64_t seed) {
  std::string text(bytes, '\0');
  peers::Payload(seed).fill(0, std::as_writable_bytes(std::span(text)));
  return text;
}

::testing::AssertionResult same_bytes(const std::string& got, const std::string& wanted) {
  if (got == wanted) return ::testing::AssertionSuccess();
  const auto differ = std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end());
  return ::testing::AssertionFailure() << got.size() << " bytes in the place of " << wanted.size()
                                       << "; the first that differs is number " << differ.first - got.begin();
}

}  // namespace lastbyte::system_test
