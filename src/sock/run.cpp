#include "sock/loops.h"
#include "sock/namespace.h"

namespace lastbyte::sock {
namespace {

int run_loop(const Run& run) {
  if (run.options.role == Role::scan) return run_scan(run);
  if (run.options.transport == Transport::udp) return run_datagrams(run);
  return run.options.role == Role::server ? run_stream_server(run) : run_stream_client(run);
}

/// Only standard output may be slow, and help is short.
int print_usage(const Streams& streams) {
  Narrator(streams.output, false).say(usage());
  return kExitOk;
}

}  // namespace

int fail(const Narrator& narrator, const Error& error) {
  narrator.say("lastbyte sock: " + error.text() + "\n");
  return kExitFailed;
}

int run(const Options& options, const Streams& streams) {
  if (options.help) return print_usage(streams);
  const Narrator narrator(streams.errors, options.verbose);
  std::optional<NetworkNamespace> there;
  if (!options.network_namespace.empty()) {
    auto entered = NetworkNamespace::enter(options.network_namespace);
    if (!entered) return fail(narrator, entered.error());
    there.emplace(std::move(*entered));
  }
  const StopSignal stop(streams);
  Input input(streams.input, options.read_input && options.mode == Mode::relay);
  Output output(streams.output);
  return run_loop({options, input, output, narrator, stop});
}

}  // namespace lastbyte::sock
