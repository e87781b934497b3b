#include "check/launchers.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

namespace lastbyte::check {
namespace {

constexpr Duration kVersionLimit{5000};

// As they come: nothing is set but what they cannot do without, and limits on idleness as their manuals show them.
constexpr const char* kHaproxy = R"(global
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen check
  bind {listen}
  server upstream {upstream}
)";

constexpr const char* kNginxModule = "/usr/lib/nginx/modules/ngx_stream_module.so";
constexpr const char* kNginx = R"(load_module /usr/lib/nginx/modules/ngx_stream_module.so;
pid {directory}/pid;
error_log stderr;
worker_processes 2;
events { worker_connections 4000; }
stream {
  server {
    listen {listen};
    proxy_pass {upstream};
    MORE
  }
}
)";

std::string nginx_config(const char* more) {
  std::string text = kNginx;
  return text.replace(text.find("MORE"), 4, more);
}

Target started(std::string name, std::vector<std::string> command, std::string config = {}, int stop_signal = SIGTERM) {
  return {.name = std::move(name),
          .kind = Kind::started,
          .command = std::move(command),
          .config = std::move(config),
          .stop_signal = stop_signal};
}

Target nginx(std::string name, const char* more) {
  return started(std::move(name), {"nginx", "-p", "{directory}", "-c", "{config}", "-g", "daemon off;"},
                 nginx_config(more), SIGQUIT);
}

Target socat(std::string name, const std::vector<std::string>& more) {
  std::vector<std::string> command{"socat"};
  command.insert(command.end(), more.begin(), more.end());
  command.insert(command.end(), {"TCP-LISTEN:{listen_port},bind={listen_host},reuseaddr,fork,backlog=1024",
                                 "TCP:{upstream_host}:{upstream_port}"});
  return started(std::move(name), command);
}

std::string this_program() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "lastbyte" : path.string();
}

std::vector<Launcher> make_launchers() {
  const std::string self = this_program();
  return {
      {.target = started("lastbyte", {self, "proxy", "--listen", "tcp:{listen}", "--connect", "tcp:{upstream}",
                                      "--log-target", "{directory}/records"}),
       .programs = {self},
       .version_command = {self, "--version"}},
      {.target = started("haproxy", {"haproxy", "-db", "-f", "{config}"}, kHaproxy, SIGUSR1),
       .programs = {"haproxy"},
       .version_command = {"haproxy", "-v"}},
      {.target = nginx("nginx", ""),
       .programs = {"nginx"},
       .files = {kNginxModule},
       .version_command = {"nginx", "-v"}},
      {.target = nginx("nginx-half-close", "proxy_half_close on;"),
       .programs = {"nginx"},
       .files = {kNginxModule},
       .version_command = {"nginx", "-v"}},
      {.target = socat("socat", {}),
       .programs = {"socat"},
       .version_command = {"sh", "-c", "socat -V | sed -n '2s/ on .*//p'"}},
      {.target = socat("socat-t30", {"-t30"}),
       .programs = {"socat"},
       .version_command = {"sh", "-c", "socat -V | sed -n '2s/ on .*//p'"}},
      // It takes its listening socket from a service manager; this one hands it over at the first connection.
      {.target = started("systemd-socket-proxyd",
                         {"systemd-socket-activate", "-l", "{listen}", "/lib/systemd/systemd-socket-proxyd",
                          "--connections-max=1024", "{upstream}"}),
       .programs = {"systemd-socket-activate", "/lib/systemd/systemd-socket-proxyd"},
       .version_command = {"/lib/systemd/systemd-socket-proxyd", "--version"}},
      // It tells of its start on descriptor 3.
      {.target =
           started("docker-proxy", {"sh", "-c",
                                    "exec docker-proxy -proto tcp -host-ip {listen_host} -host-port {listen_port} "
                                    "-container-ip {upstream_host} -container-port {upstream_port} 3>/dev/null"}),
       .programs = {"docker-proxy"},
       .version_command = {"sh", "-c", "docker-proxy --version 2>/dev/null || dockerd --version"}},
      {.target = started("lxd-forkproxy", {"lxd", "forkproxy", "--", "{pid}", "-1", "tcp:{listen}", "{pid}", "-1",
                                           "tcp:{upstream}", "", "", "", "", "", ""}),
       .programs = {"lxd"},
       .version_command = {"lxd", "--version"}},
  };
}

/// The first line that a program writes; "" where it does not end in time.
std::string first_line_of(const std::vector<std::string>& command) {
  if (command.empty()) return "";
  auto directory = ScratchDirectory::make();
  if (!directory) return "";
  auto process = Process::start(command, directory->file("output"), -1);
  if (!process) return "";
  const TimePoint until = Clock::now() + kVersionLimit;
  while (!process->ended()) {
    if (Clock::now() > until) return "";
    std::this_thread::sleep_for(Duration(2));
  }
  const std::string text = read_file(directory->file("output"));
  return text.substr(0, text.find('\n'));
}

}  // namespace

const std::vector<Launcher>& launchers() {
  static const std::vector<Launcher> all = make_launchers();
  return all;
}

std::string launcher_names() {
  std::string names;
  for (const Launcher& each : launchers()) names += (names.empty() ? "" : ", ") + each.target.name;
  return names;
}

std::string missing(const Launcher& launcher) {
  for (const std::string& program : launcher.programs)
    if (find_program(program).empty()) return program;
  for (const std::string& file : launcher.files)
    if (::access(file.c_str(), R_OK) != 0) return file;
  return "";
}

Target ready(const Launcher& launcher) {
  Target target = launcher.target;
  target.version = first_line_of(launcher.version_command);
  return target;
}

}  // namespace lastbyte::check
