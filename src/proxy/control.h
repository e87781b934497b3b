// The control thread: starts the workers, answers signals and the service manager, has the configuration read again,
// and ends when the workers have.
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
  /// All outlive the Control. `log`: null where no log is kept.
  struct Parts {
    Running& running;
    observe::RecordLog* log = nullptr;
    OperatorLog& messages;
    PortWatch ports;
    Vitals& vitals;
    Source source;
  };

  /// Takes over SIGTERM, SIGINT, SIGQUIT, SIGUSR1 and SIGHUP; starts nothing. Throws boost::system::system_error where
  /// the kernel has no descriptor left.
  explicit Control(Parts parts);
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// Starts the workers on threads of their own, tells the service manager that they serve, and returns when a stop
  /// was asked for and all have ended. An error: a thread could not be started; none runs any more.
  Result<void> run();

  /// From any thread, while run() is under way: carries out an operator's order. `done` is called on the control
  /// thread; an error: nothing has changed.
  void change_forwarding(std::string name, admin::Change change, std::function<void(Result<void>)> done);

  /// After run(): what was served, for the operator's last line.
  [[nodiscard]] std::string summary() const;
  /// The counters of all workers since the start.
  [[nodiscard]] Tally tally() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lastbyte::proxy
