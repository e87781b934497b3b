#include "sock/command/values.h"
#include "sock/socket/address.h"
#include "sock/socket/namespace.h"
#include "sock/talk/loops.h"

namespace lastbyte::sock {
namespace {

int run_loop(const Run& run) {
  if (run.options.role == Role::scan) return run_scan(run);
  if (run.options.transport == Transport::udp) return run_datagrams(run);
  return run.options.role == Role::server ? run_stream_server(run) : run_stream_client(run);
}

/// Checks that service names exist. An unknown name is an error of the command line that parse() cannot find without
/// I/O.
Result<void> check_services(const Options& options) {
  for (const auto* service : {&options.service, &options.local_service}) {
    if (is_numeric_port(*service)) continue;
    if (const auto port = find_port(*service, options.transport); !port) return Failure(port.error());
  }
  return {};
}

/// The blocking writes are harmless: the text is short, and nothing else runs.
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
  if (const auto known = check_services(options); !known) {
    fail(narrator, known.error());
    return kExitUsage;
  }
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
