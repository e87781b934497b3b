// The control thread: starts the workers, handles signals and the service manager, reloads the configuration, and ends
// when the workers have ended.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "admin/terms/operations.h"
#include "observe/log/record_log.h"
#include "proxy/process/operator_log.h"
#include "proxy/proxy.h"
#include "proxy/running.h"
#include "proxy/watch/port_watch.h"
#include "proxy/watch/tally.h"
#include "proxy/watch/vitals.h"

namespace lastbyte::proxy {

class Control {
 public:
  /// All of them outlive the Control.
  struct Parts {
    Running& running;
    observe::RecordLog& log;
    OperatorLog& messages;
    PortWatch ports;
    Vitals& vitals;
    Source source;
  };

  /// Takes over SIGTERM, SIGINT, SIGQUIT, SIGUSR1 and SIGHUP. Starts nothing. Throws boost::system::system_error if the
  /// kernel has no descriptor left.
  explicit Control(Parts parts);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// Starts the workers on their own threads, notifies the service manager, and returns when a stop was requested and
  /// all workers have ended. An error means that a thread could not be started; no worker runs then.
  Result<void> run();

  /// Executes an operator's order. Any thread may call it during run(). `done` is called on the control thread; an
  /// error means that nothing has changed.
  void change_forwarding(std::string name, admin::Change change, std::function<void(Result<void>)> done);

  /// After run(): returns the operator's last line, about the sessions served.
  [[nodiscard]] std::string summary() const;
  /// Returns the counters of all workers since the start.
  [[nodiscard]] Tally tally() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::proxy
