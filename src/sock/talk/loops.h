// The ways a run can go, each until its end. Exit statuses are sock.h's.
#pragma once

#include "sock/command/sock.h"
#include "sock/operator/narrator.h"
#include "sock/operator/standard.h"
#include "sock/operator/stop.h"

namespace lastbyte::sock {

/// The parameters of every loop; all of them outlive the loop.
struct Run {
  const Options& options;
  Input& input;
  Output& output;
  const Narrator& narrator;
  const StopSignal& stop;
};

/// TCP and UNIX, one connection to a server.
int run_stream_client(const Run& run);
/// TCP and UNIX, one client or, with -k, any number.
int run_stream_server(const Run& run);
int run_datagrams(const Run& run);
int run_scan(const Run& run);

/// "lastbyte sock: message" on standard error; the result is exit_failed.
int fail(const Narrator& narrator, const Error& error);

}  // namespace lastbyte::sock
