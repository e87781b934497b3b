#include "lab/resilience/systems.h"

#include <array>
#include <utility>

#include "lab/stage/proxy.h"
#include "launchers/form.h"
#include "launchers/launchers.h"
#include "process/proc.h"

namespace lastbyte::lab::resilience {
namespace {

// Each configuration is the manual's for two servers, the second as a standby, with the same time to connect. HAProxy's
// `backup` serves only while the first is down; with a weight, a retry goes to the other server.
constexpr const char* kHaproxyTwo = R"(global
  maxconn 400
defaults
  mode tcp
  timeout connect 100ms
  timeout client 1h
  timeout server 1h
  retries 3
  option redispatch 1
listen lab
  bind {listen}
  balance roundrobin
  server first FIRST weight 256 check inter 100ms fall 1 rise 1
  server second SECOND weight 1 check inter 100ms fall 1 rise 1
)";

constexpr const char* kNginxTwo = R"(load_module /usr/lib/nginx/modules/ngx_stream_module.so;
USERpid {directory}/pid;
error_log stderr emerg;
worker_processes 1;
events { worker_connections 400; }
stream {
  upstream lab {
    server FIRST max_fails=1 fail_timeout=1s;
    server SECOND backup;
  }
  server {
    listen {listen};
    proxy_pass lab;
    proxy_connect_timeout 100ms;
    proxy_timeout 1h;
    proxy_half_close on;
  }
}
)";

constexpr const char* kLastbyteTwo = R"(log: {target: off}
groups:
  web:
    policy: first
    members: ['tcp:FIRST', 'tcp:SECOND']
    check: {kind: tcp, period: 100ms, failure-threshold: 1}
    ejection: {after: 3, time: 1s}
forwardings:
  - name: front
    listen: 'tcp:{listen}'
    connect: group:web
    retry: {retry-on: [connect-failure, reset], per-try-timeout: 100ms, replay: 64k, budget: 100%}
)";

std::string with_servers(const char* text, const net::Address& first, const net::Address& second) {
  std::string out = text;
  for (const auto& [mark, by] : {std::pair<std::string, std::string>("FIRST", first.text()),
                                 std::pair<std::string, std::string>("SECOND", second.text()),
                                 std::pair<std::string, std::string>("USER", launchers::nginx_user())})
    for (std::size_t at = out.find(mark); at != std::string::npos; at = out.find(mark, at + by.size()))
      out.replace(at, mark.size(), by);
  return out;
}

Result<Front> start(const std::string& name, launchers::Form form, const Site& site) {
  net::Address listen = site.host;
  listen.set_port(process::unused_port());
  auto started = launchers::start(name, form, site.network, listen, site.first);
  if (!started) return Failure(started.error());
  return Front{.address = listen, .started = std::move(*started)};
}

/// Starts with `command` and `config` instead of those of the known proxy, which must be installed.
Result<Front> start_as(const std::string& name, std::vector<std::string> command, std::string config,
                       const Site& site) {
  auto form = installed_form(name);
  if (!form) return Failure(form.error());
  if (!command.empty()) form->command.resize(1);
  form->command.insert(form->command.end(), command.begin(), command.end());
  form->config = std::move(config);
  return start(name, std::move(*form), site);
}

Result<Front> directly(const Site& site) { return Front{.address = site.first}; }

Result<Front> by_naive_proxy(const Site& site) {
  auto naive = NaiveProxy::start(site.network, site.host, site.first);
  if (!naive) return Failure(naive.error());
  const net::Address address = (*naive)->address();
  return Front{.address = address, .naive = std::move(*naive)};
}

Result<Front> by_haproxy(const Site& site) {
  return start_as("haproxy", {"-db", "-f", "{config}"}, with_servers(kHaproxyTwo, site.first, site.second), site);
}

Result<Front> by_nginx(const Site& site) {
  return start_as("nginx", {"-p", "{directory}", "-e", "stderr", "-c", "{config}", "-g", "daemon off;"},
                  with_servers(kNginxTwo, site.first, site.second), site);
}

Result<Front> by_lastbyte(const Site& site) { return start_as("lastbyte", {}, {}, site); }

Result<Front> by_retrying_lastbyte(const Site& site) {
  return start_as("lastbyte", {"proxy", "--config", "{config}"}, retrying(site.first, site.second), site);
}

constexpr std::array kSystems{System{"directly", false, false, directly},
                              System{"naive copy proxy", true, false, by_naive_proxy},
                              System{"HAProxy", true, true, by_haproxy},
                              System{"nginx", true, true, by_nginx},
                              System{"lastbyte, no retries", false, false, by_lastbyte},
                              System{"lastbyte, retries and checks", false, false, by_retrying_lastbyte}};

}  // namespace

std::span<const System> systems() { return kSystems; }

std::string retrying(const net::Address& first, const net::Address& second) {
  return with_servers(kLastbyteTwo, first, second);
}

}  // namespace lastbyte::lab::resilience
