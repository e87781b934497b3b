#include "check/target/launched.h"

#include <utility>

namespace lastbyte::check {

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
        at.set_port(chosen_here ? process::unused_port() : target.listen_port);
      }
      launched.form_ = target.form_for(variant);
      return launchers::start(target.name, launched.form_, network.proxy.get(), at, launched.address_);
    };
    auto one = start_one();
    // Another program may have taken the port between unused_port() and the proxy's bind().
    if (!one && chosen_here) one = start_one();
    if (!one) return Failure(one.error());
    launched.all_.push_back(std::move(*one));
    launched.address_ = at;
  }
  return launched;
}

std::optional<Weight> Launched::weigh() const {
  if (running_ != 0) return process::weigh_process(running_);
  return all_.empty() ? std::nullopt : process::weigh_group(all_.back().process.pid());
}

void Launched::ask_to_stop() const {
  if (!all_.empty()) all_.back().process.signal(stop_signal_);
}

bool Launched::listens() const { return !all_.empty() && process::listens(all_.back().process.pid(), address_); }

std::optional<int> Launched::exit_status() { return all_.empty() ? std::nullopt : all_.back().process.ended(); }

std::string Launched::output() const {
  std::string all;
  for (const launchers::Started& each : all_) all += each.process.output();
  return launchers::tail(all);
}

}  // namespace lastbyte::check
