// The loops of a run, one for each kind. Each blocks until the run ends and returns an exit status of sock.h.
#pragma once

#include "sock/command/sock.h"
#include "sock/operator/narrator.h"
#include "sock/operator/standard.h"
#include "sock/operator/stop.h"

namespace lastbyte::sock {

/// What every loop uses. All of it outlives the loop.
struct Run {
  const Options& options;
  Input& input;
  Output& output;
  const Narrator& narrator;
  const StopSignal& stop;
};

/// TCP and UNIX: one connection to a server.
int run_stream_client(const Run& run);
/// TCP and UNIX: one client; with -k, any number.
int run_stream_server(const Run& run);
int run_datagrams(const Run& run);
int run_scan(const Run& run);

/// Prints "lastbyte sock: message" on standard error and returns kExitFailed.
int fail(const Narrator& narrator, const Error& error);

}  // namespace lastbyte::sock
