#include "check/target.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <thread>
#include <utility>

namespace lastbyte::check {
namespace {

constexpr Duration kStartLimit{10'000};
constexpr Duration kStartPause{3};
constexpr std::size_t kOutputShown = 2000;

bool mentions(const Target& target, const std::string& placeholder) {
  const auto in = [&](const std::string& text) { return text.find("{" + placeholder + "}") != std::string::npos; };
  return in(target.config) || std::ranges::any_of(target.command, in);
}

std::string written(const net::Address& place) { return place.is_unix() ? place.unix_name() : place.text(); }

std::vector<std::pair<std::string, std::string>> values_for(const net::Address& listen, const net::Address& upstream,
                                                            const ScratchDirectory& directory) {
  return {{"listen", written(listen)},
          {"listen_host", listen.ip_text()},
          {"listen_port", std::to_string(listen.port())},
          {"upstream", written(upstream)},
          {"upstream_host", upstream.ip_text()},
          {"upstream_port", std::to_string(upstream.port())},
          {"config", directory.file("config")},
          {"directory", directory.path()},
          {"pid", std::to_string(::getpid())}};
}

std::string tail(const std::string& text) {
  return text.size() <= kOutputShown ? text : "..." + text.substr(text.size() - kOutputShown);
}

}  // namespace

bool Target::starts_anew() const { return kind == Kind::started && listen_port == 0 && upstream_port == 0; }

bool Target::is_movable() const {
  // What is told our process goes to our network namespace, wherever it is started.
  return starts_anew() && !mentions(*this, "pid") && (mentions(*this, "listen") || mentions(*this, "listen_host")) &&
         (mentions(*this, "upstream") || mentions(*this, "upstream_host"));
}

bool Target::speaks_variant(const Variant& variant) const {
  if (&variant == &tcp_variant()) return true;
  switch (kind) {
    case Kind::plain_tcp: return variant.client == variant.server && variant.from_client == variant.to_server;
    case Kind::started: return forms.contains(variant.name);
    case Kind::running: return std::ranges::find(speaks, variant.name) != speaks.end();
  }
  return false;
}

Form Target::form_for(const Variant& variant) const {
  const auto found = forms.find(variant.name);
  return found == forms.end() ? Form{command, config} : found->second;
}

std::string Target::unfit_for(const Scenario& scenario, const Variant& variant) const {
  if (!speaks_variant(variant)) return "it does not speak this: " + std::string(variant.title);
  if (kind == Kind::plain_tcp && scenario.plain == Plain::no_meaning) return "has no meaning without a proxy";
  switch (scenario.needs) {
    case Needs::process:
      if (scenario.stops && kind == Kind::running) return "needs a proxy that it may start and stop";
      if (kind == Kind::running && pid == 0) return "needs the proxy's process (--pid)";
      break;
    case Needs::two_of_them:
      if (!starts_anew()) return "needs two proxies in a row: a command with {listen_port} and {upstream_port}";
      break;
    case Needs::nothing: break;
  }
  if (scenario.place != Place::here) {
    if (kind == Kind::running) return "needs a proxy that it can start in a network namespace";
    if (scenario.place == Place::far_away && kind == Kind::started && !is_movable())
      return "needs a command that takes other addresses: {listen} and {upstream}";
  }
  return "";
}

std::string fill_in(std::string text, const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [name, value] : values) {
    const std::string placeholder = "{" + name + "}";
    for (std::size_t at = text.find(placeholder); at != std::string::npos;
         at = text.find(placeholder, at + value.size()))
      text.replace(at, placeholder.size(), value);
  }
  return text;
}

Result<std::vector<std::string>> split_words(const std::string& text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (quote == 0 && blank) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && at + 1 < text.size()) {
      words.back() += text[++at];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return failure("command '" + text + "'", 0, std::string("a ") + quote + " is not closed");
  return words;
}

Result<Launched::One> Launched::start(const std::string& name, Form& form, const Network& network,
                                      const net::Address& listen, const net::Address& upstream) {
  auto directory = ScratchDirectory::make();
  if (!directory) return Failure(directory.error());
  const auto values = values_for(listen, upstream, *directory);
  form.config = fill_in(form.config, values);
  if (!form.config.empty() && !write_file(directory->file("config"), form.config))
    return failure_from_errno("write " + directory->file("config"));
  for (std::string& word : form.command) word = fill_in(word, values);
  auto process = Process::start(form.command, network.proxy.get());
  if (!process) return Failure(process.error());
  One one{std::move(*directory), std::move(*process)};
  const TimePoint until = Clock::now() + kStartLimit;
  while (!check::listens(one.process.pid(), listen)) {
    const auto ended = one.process.ended();
    if (ended || Clock::now() > until) {
      const std::string what = ended ? "ended with status " + std::to_string(*ended) : "does not listen there";
      one.process.kill();  // then its output is all there
      return failure("start " + name + " on " + listen.text(), 0, what + "; it wrote: " + tail(one.process.output()));
    }
    std::this_thread::sleep_for(kStartPause);
  }
  return one;
}

Result<Launched> Launched::launch(const Target& target, const Variant& variant, const Network& network,
                                  const net::Address& upstream, const net::Address& listen, std::uint32_t hops) {
  Launched launched;
  launched.address_ = upstream;
  switch (target.kind) {
    case Kind::plain_tcp: return launched;
    case Kind::running:
      launched.address_ = target.address;
      launched.running_ = target.pid;
      return launched;
    case Kind::started: break;
  }
  launched.stop_signal_ = target.stop_signal;
  for (std::uint32_t hop = 0; hop < hops; ++hop) {
    const bool chosen_here = !listen.is_unix() && target.listen_port == 0;
    net::Address at = listen;
    const auto start_one = [&] {
      if (!listen.is_unix()) {
        at = network.proxy_host;
        at.set_port(chosen_here ? unused_port() : target.listen_port);
      }
      launched.form_ = target.form_for(variant);
      return start(target.name, launched.form_, network, at, launched.address_);
    };
    auto one = start_one();
    // Between our look and its bind(), another program may have taken the port.
    if (!one && chosen_here) one = start_one();
    if (!one) return Failure(one.error());
    launched.all_.push_back(std::move(*one));
    launched.address_ = at;
  }
  return launched;
}

std::optional<Weight> Launched::weigh() const {
  if (running_ != 0) return weigh_process(running_);
  return all_.empty() ? std::nullopt : weigh_group(all_.back().process.pid());
}

void Launched::ask_to_stop() const {
  if (!all_.empty()) all_.back().process.signal(stop_signal_);
}

bool Launched::listens() const { return !all_.empty() && check::listens(all_.back().process.pid(), address_); }

std::optional<int> Launched::exit_status() { return all_.empty() ? std::nullopt : all_.back().process.ended(); }

std::string Launched::output() const {
  std::string all;
  for (const One& each : all_) all += each.process.output();
  return tail(all);
}

}  // namespace lastbyte::check
