#include "launchers/launchers.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "process/eventually.h"
#include "process/process.h"
#include "process/spawn.h"

namespace lastbyte::launchers {
namespace {

constexpr Duration kEndsWithin{5000};

// The proxies' defaults: the configurations set only what a proxy requires, and idle limits as in its manual.
constexpr const char* kHaproxy = R"(global
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen check
  bind LISTEN
  server upstream UPSTREAM
)";

constexpr const char* kNginxModule = "/usr/lib/nginx/modules/ngx_stream_module.so";
constexpr const char* kNginx = R"(load_module /usr/lib/nginx/modules/ngx_stream_module.so;
USERpid {directory}/pid;
error_log stderr;
worker_processes 2;
events { worker_connections 4000; }
stream {
  server {
    listen LISTEN;
    proxy_pass UPSTREAM;
  }
}
)";

using net::proxy_protocol::Version;

using Speaks = std::function<std::optional<Form>(const Way&)>;

/// A proxy without the PROXY protocol whose address arguments take both paths and TCP addresses.
Speaks always(std::vector<std::string> command) {
  return [command = std::move(command)](const Way& way) {
    return way.has_header() ? std::nullopt : std::optional(Form{command, {}});
  };
}

std::string replaced(std::string text, const char* mark, const std::string& by) {
  return text.replace(text.find(mark), std::string_view(mark).size(), by);
}

std::string with_prefix(net::Transport transport, const char* placeholder, const char* for_tcp, const char* for_unix) {
  return (transport == net::Transport::tcp ? for_tcp : for_unix) + std::string(placeholder);
}

std::optional<Form> haproxy(const Way& way) {
  std::string listen = with_prefix(way.client, "{listen}", "", "unix@");
  std::string upstream = with_prefix(way.server, "{upstream}", "", "unix@");
  if (way.from_client) listen += " accept-proxy";
  if (way.to_server) upstream += *way.to_server == Version::v1 ? " send-proxy" : " send-proxy-v2";
  return Form{{"haproxy", "-db", "-f", "{config}"},
              replaced(replaced(kHaproxy, "LISTEN", listen), "UPSTREAM", upstream)};
}

/// `more`: a directive for the server block.
Speaks nginx(const std::string& more) {
  return [more](const Way& way) -> std::optional<Form> {
    if (way.to_server == Version::v2) return std::nullopt;  // nginx sends version 1 only
    std::string listen = with_prefix(way.client, "{listen}", "", "unix:");
    std::string upstream = with_prefix(way.server, "{upstream}", "", "unix:");
    // Without real_ip, nginx sends the address of the client's connection instead of the one in the client's header.
    if (way.from_client) listen += " proxy_protocol; set_real_ip_from 127.0.0.1";
    if (way.to_server) upstream += "; proxy_protocol on";
    if (!more.empty()) upstream += "; " + more;
    return Form{{"nginx", "-p", "{directory}", "-c", "{config}", "-g", "daemon off;"},
                replaced(replaced(replaced(kNginx, "USER", nginx_user()), "LISTEN", listen), "UPSTREAM", upstream)};
  };
}

Speaks socat(const std::vector<std::string>& more) {
  return [more](const Way& way) -> std::optional<Form> {
    if (way.has_header()) return std::nullopt;
    Form form{{"socat"}, {}};
    form.command.insert(form.command.end(), more.begin(), more.end());
    form.command.emplace_back(way.client == net::Transport::tcp
                                  ? "TCP-LISTEN:{listen_port},bind={listen_host},reuseaddr,fork,backlog=1024"
                                  : "UNIX-LISTEN:{listen},fork,backlog=1024");
    form.command.emplace_back(way.server == net::Transport::tcp ? "TCP:{upstream_host}:{upstream_port}"
                                                                : "UNIX-CONNECT:{upstream}");
    return form;
  };
}

Speaks lastbyte(const std::string& program) {
  return [program](const Way& way) -> std::optional<Form> {
    Form form{{program, "proxy", "--listen", with_prefix(way.client, "{listen}", "tcp:", "unix:"), "--connect",
               with_prefix(way.server, "{upstream}", "tcp:", "unix:"), "--log-target", "{directory}/records"},
              {}};
    const auto add = [&](const char* flag, const char* value) {
      form.command.emplace_back(flag);
      form.command.emplace_back(value);
    };
    if (way.from_client) add("--client-proxy-protocol", "required");
    if (way.to_server) add("--upstream-proxy-protocol", *way.to_server == Version::v1 ? "v1" : "v2");
    return form;
  };
}

/// LXD's proxy device. Its arguments are the network namespaces of two processes, the addresses, the owner and mode of
/// a listening path, the user and group that it becomes, and whether it sends a PROXY protocol header.
std::optional<Form> lxd_forkproxy(const Way& way) {
  if (way.from_client || way.to_server == Version::v2) return std::nullopt;
  return Form{
      {"lxd", "forkproxy", "--", "{pid}", "-1", with_prefix(way.client, "{listen}", "tcp:", "unix:"), "{pid}", "-1",
       with_prefix(way.server, "{upstream}", "tcp:", "unix:"), "", "", "", "", "", way.to_server ? "true" : ""},
      {}};
}

/// docker-proxy reports its start on descriptor 3.
std::optional<Form> docker_proxy(const Way& way) {
  if (way.has_unix() || way.has_header()) return std::nullopt;
  return Form{{"sh", "-c",
               "exec docker-proxy -proto tcp -host-ip {listen_host} -host-port {listen_port} "
               "-container-ip {upstream_host} -container-port {upstream_port} 3>/dev/null"},
              {}};
}

std::string this_program() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "lastbyte" : path.string();
}

std::vector<Launcher> make_launchers() {
  const std::string self = this_program();
  const std::vector<std::string> socat_version{"sh", "-c", "socat -V | sed -n '2s/ on .*//p'"};
  const char* socket_proxyd = "/lib/systemd/systemd-socket-proxyd";
  return {
      {.name = "lastbyte", .form = lastbyte(self), .programs = {self}, .version_command = {self, "--version"}},
      {.name = "haproxy",
       .form = haproxy,
       .stop_signal = SIGUSR1,
       .programs = {"haproxy"},
       .version_command = {"haproxy", "-v"}},
      {.name = "nginx",
       .form = nginx(""),
       .stop_signal = SIGQUIT,
       .programs = {"nginx"},
       .files = {kNginxModule},
       .version_command = {"nginx", "-v"}},
      {.name = "nginx-half-close",
       .form = nginx("proxy_half_close on"),
       .stop_signal = SIGQUIT,
       .programs = {"nginx"},
       .files = {kNginxModule},
       .version_command = {"nginx", "-v"}},
      {.name = "socat", .form = socat({}), .programs = {"socat"}, .version_command = socat_version},
      {.name = "socat-t30", .form = socat({"-t30"}), .programs = {"socat"}, .version_command = socat_version},
      // systemd-socket-proxyd takes its listening socket from a service manager. systemd-socket-activate stands in for
      // it and passes the socket at the first connection.
      {.name = "systemd-socket-proxyd",
       .form =
           always({"systemd-socket-activate", "-l", "{listen}", socket_proxyd, "--connections-max=1024", "{upstream}"}),
       .programs = {"systemd-socket-activate", socket_proxyd},
       .version_command = {socket_proxyd, "--version"}},
      {.name = "docker-proxy",
       .form = docker_proxy,
       .programs = {"docker-proxy"},
       .version_command = {"sh", "-c", "docker-proxy --version 2>/dev/null || dockerd --version"}},
      {.name = "lxd-forkproxy",
       .form = lxd_forkproxy,
       .programs = {"lxd"},
       .version_command = {"sh", "-c", "echo LXD $(lxd --version)"}},
  };
}

struct Ended {
  std::string output;
  int status = 0;
};

/// Returns nullopt if the command could not be started, or did not end in time.
std::optional<Ended> run_to_end(const std::vector<std::string>& command) {
  auto process = process::Process::start(command, -1);
  if (!process || !process::eventually([&] { return process->ended().has_value(); }, kEndsWithin)) return std::nullopt;
  const int status = *process->ended();
  process->kill();
  return Ended{process->output(), status};
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string first_line_of(const std::vector<std::string>& command) {
  if (command.empty()) return "";
  const auto ended = run_to_end(command);
  return ended ? ended->output.substr(0, ended->output.find('\n')) : "";
}

}  // namespace

std::string nginx_user() { return ::geteuid() == 0 ? "user root;\n" : ""; }

const std::vector<Launcher>& all() {
  static const std::vector<Launcher> known = make_launchers();
  return known;
}

const Launcher* find(const std::string& program) {
  const auto known = std::ranges::find_if(all(), [&](const Launcher& each) {
    return !each.programs.empty() && file_name(each.programs.front()) == file_name(program);
  });
  return known == all().end() ? nullptr : &*known;
}

std::string names() {
  std::string out;
  for (const Launcher& each : all()) out += (out.empty() ? "" : ", ") + each.name;
  return out;
}

std::string missing(const Launcher& launcher) {
  for (const std::string& program : launcher.programs)
    if (process::find_program(program).empty()) return program;
  for (const std::string& file : launcher.files)
    if (::access(file.c_str(), R_OK) != 0) return file;
  return "";
}

std::string version_of(const Launcher& launcher) { return first_line_of(launcher.version_command); }

std::string version_of(const Launcher& launcher, const std::string& program) {
  std::vector<std::string> command = launcher.version_command;
  if (!command.empty() && command.front() == launcher.programs.front()) command.front() = program;
  return first_line_of(command);
}

}  // namespace lastbyte::launchers
