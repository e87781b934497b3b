// A target in operation.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "check/target/target.h"
#include "launchers/start.h"
#include "process/proc.h"
#include "wire/network.h"

namespace lastbyte::check {

using process::Weight;
using wire::Network;

/// The proxies of one round. The thread that made them uses them and must outlive them.
class Launched {
 public:
  /// Starts as many proxies in a row as the scenario needs and waits until they listen. Kind::plain_tcp starts none.
  /// `listen`: the path at which the last proxy listens, if clients use UNIX sockets; over TCP, each proxy gets a port
  /// of its own.
  static Result<Launched> launch(const Target& target, const Variant& variant, const Network& network,
                                 const net::Address& upstream, const net::Address& listen, std::uint32_t hops);

  /// The address to which clients connect.
  [[nodiscard]] const net::Address& address() const { return address_; }
  /// Memory and sockets of the last proxy, to which clients connect; nullopt: its process is unknown. Any thread.
  [[nodiscard]] std::optional<Weight> weigh() const;
  void ask_to_stop() const;
  /// The command and configuration with which the last proxy was started; empty: none was started.
  [[nodiscard]] const Form& form() const { return form_; }
  [[nodiscard]] bool listens() const;
  std::optional<int> exit_status();
  /// The last lines of what the proxies wrote.
  [[nodiscard]] std::string output() const;

 private:
  net::Address address_;
  Form form_;
  std::vector<launchers::Started> all_;  ///< clients connect to the last one
  pid_t running_ = 0;
  int stop_signal_ = 0;
};

}  // namespace lastbyte::check
