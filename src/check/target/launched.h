// A target that runs.
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

/// The proxies of one round. Used by the thread that made it, which must outlive it.
class Launched {
 public:
  /// Starts as many in a row as the scenario asks for and waits until they listen. Kind::plain_tcp starts none.
  /// `listen`: of the last one, where the variant has clients on UNIX sockets; else they listen on ports of their own.
  static Result<Launched> launch(const Target& target, const Variant& variant, const Network& network,
                                 const net::Address& upstream, const net::Address& listen, std::uint32_t hops);

  /// Where clients are to connect to.
  [[nodiscard]] const net::Address& address() const { return address_; }
  /// Of the first one; nullopt: it is not known where to look. Any thread.
  [[nodiscard]] std::optional<Weight> weigh() const;
  void ask_to_stop() const;
  /// The command and the configuration of the last one, as it was started; empty: none was.
  [[nodiscard]] const Form& form() const { return form_; }
  [[nodiscard]] bool listens() const;
  std::optional<int> exit_status();
  /// The last lines of what they have written.
  [[nodiscard]] std::string output() const;

 private:
  net::Address address_;
  Form form_;
  std::vector<launchers::Started> all_;  ///< the one that clients connect to comes last
  pid_t running_ = 0;
  int stop_signal_ = 0;
};

}  // namespace lastbyte::check
