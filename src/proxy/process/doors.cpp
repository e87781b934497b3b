#include "proxy/process/doors.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "admin/client/place.h"
#include "base/file.h"
#include "net/address/endpoint.h"
#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "proxy/process/privileges.h"

namespace lastbyte::proxy {
namespace {

constexpr std::size_t kShortestToken = 16;
constexpr std::size_t kLongestToken = 256;
constexpr std::size_t kLongestFile = kLongestToken + 2;  ///< with the end of its line

/// Reads a token. A file that others can read is no secret.
Result<std::string> read_token(const std::string& path) {
  const std::string operation = "read the token " + path;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));  // a FIFO has no writer
  struct stat status{};
  if (!file || ::fstat(file.get(), &status) != 0) return failure_from_errno(operation);
  if (!S_ISREG(status.st_mode)) return failure(operation, 0, "expected a regular file");
  // A secret that is mounted into a container (Kubernetes, fsGroup) belongs to root and to a group of the process.
  const bool is_lent = status.st_uid == 0 && ::geteuid() != 0;
  if ((status.st_mode & (is_lent ? 037U : 077U)) != 0)
    return failure(operation, 0,
                   is_lent ? "others may use the file; expected mode 0640 or less"
                           : "its group or others may use the file; expected mode 0600 or 0400");
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    return failure(operation, 0, "it belongs to another user; expected root's file or that of lastbyte's user");
  auto text = read_open_file(file.get(), path, kLongestFile);
  if (!text) return text;
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  const bool printable = std::ranges::all_of(*text, [](char c) { return c > ' ' && c <= '~'; });
  if (text->size() < kShortestToken || text->size() > kLongestToken || !printable)
    return failure(operation, 0, "expected one line of 16 to 256 printable ASCII characters without spaces");
  return text;
}

Result<OpenDoor> open_unix(const net::Address& address, const std::optional<FileRights>& user) {
  net::ListenOptions options;
  options.takes_descriptors = false;
  options.unix_file.mode = 0600;
  if (user && ::geteuid() == 0) {
    options.unix_file.uid = user->uid;
    options.unix_file.gid = user->gid;
  }
  const bool is_path = !address.unix_name().starts_with('@');
  const auto maker = is_path ? rights_for(address.unix_name(), user) : std::nullopt;
  auto made = net::listen_unix(address, options, maker);
  if (!made) return Failure(with_rights_told(made.error(), maker));
  OpenDoor door;
  door.listening.push_back(std::move(made->socket));
  if (is_path) door.files.push_back(std::move(made->file));
  door.at = "unix:" + address.unix_name();
  return door;
}

Result<OpenDoor> open_door(const net::Endpoint& endpoint, const std::optional<FileRights>& user) {
  const auto addresses = net::resolve(endpoint);
  if (!addresses) return Failure(addresses.error());
  if (endpoint.is_unix()) return open_unix(addresses->front().front(), user);
  OpenDoor door;
  for (net::Address address : addresses->front()) {
    if (address.port() == 0 && !door.listening.empty())
      address.set_port(net::local_address(door.listening.front().get()).port());
    auto made = net::listen_tcp(address, {}, 1);
    // A machine without IPv6 still has the IPv4 wildcard address.
    if (!made && made.error().code == EAFNOSUPPORT && !door.listening.empty()) continue;
    if (!made) return Failure(made.error());
    door.listening.push_back(std::move(made->front()));
    door.at += (door.at.empty() ? "" : ", ") + net::local_address(door.listening.back().get()).text();
  }
  return door;
}

/// Removes sockets of processes that could not remove them themselves.
void remove_stale(const std::string& directory) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const auto pid = admin::pid_of_socket(entry.path().filename().string());
    if (pid && ::kill(*pid, 0) != 0 && errno == ESRCH) ::unlink(entry.path().c_str());
  }
}

OpenDoor open_automatic(const std::optional<FileRights>& user) {
  const auto directory = admin::runtime_directory();
  if (!directory) return {};
  if (::mkdir(directory->c_str(), ::geteuid() == 0 ? 0755 : 0700) != 0 && errno != EEXIST) return {};
  remove_stale(*directory);
  const auto address = net::Address::unix_name(*directory + "/" + admin::socket_name(::getpid()));
  if (!address) return {};
  auto door = open_unix(*address, user);
  return door ? std::move(*door) : OpenDoor();
}

}  // namespace

std::size_t descriptors_of(const config::Doors& doors) {
  constexpr std::size_t kListening = 2;
  std::size_t sum = 0;
  if (doors.metrics) sum += kListening + kMetricsClients;
  if (doors.admin.automatic || doors.admin.at) sum += kListening + kAdminClients;
  if (doors.dashboard) sum += kListening + kDashboardClients;
  return sum;
}

Result<OpenDoors> open_doors(const config::Doors& doors, const std::optional<FileRights>& user) {
  OpenDoors open;
  if (!doors.token_file.empty()) {
    auto token = read_token(doors.token_file);
    if (!token) return Failure(token.error());
    open.token = std::move(*token);
  }
  const auto fill = [&](OpenDoor& door, const std::optional<net::Endpoint>& at) -> Result<void> {
    if (!at) return {};
    auto made = open_door(*at, user);
    if (!made) return Failure(made.error());
    door = std::move(*made);
    return {};
  };
  for (auto& [door, at] : {std::pair(&open.metrics, doors.metrics), std::pair(&open.admin, doors.admin.at),
                           std::pair(&open.dashboard, doors.dashboard)})
    if (auto done = fill(*door, at); !done) return Failure(done.error());
  if (doors.admin.automatic) open.admin = open_automatic(user);
  return open;
}

}  // namespace lastbyte::proxy
