// What is graded: a proxy that the checker starts, one that already runs, or none.
#pragma once

#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "check/network.h"
#include "check/proc.h"
#include "check/process.h"
#include "check/scenario.h"
#include "check/scratch.h"
#include "check/variant.h"
#include "net/address/address.h"

namespace lastbyte::check {

enum class Kind : std::uint8_t { plain_tcp, started, running };

/// How a proxy is started. Placeholders in both: {listen}, {listen_host}, {listen_port}, {upstream}, {upstream_host},
/// {upstream_port}, {config} (path of the configuration as written out), {directory} (of its own), {pid} (the
/// checker's). Over a UNIX socket, {listen} and {upstream} are paths. It must stay in the foreground.
struct Form {
  std::vector<std::string> command = {};
  std::string config = {};
};

struct Target {
  std::string name;
  std::string version = {};  ///< what it says of itself; may be empty
  Kind kind = Kind::plain_tcp;

  // Kind::started
  std::vector<std::string> command = {};  ///< of its form for TCP
  std::string config = {};
  std::map<std::string, Form, std::less<>> forms = {};  ///< for other variants that it speaks, by name
  int stop_signal = SIGTERM;                            ///< asks for a graceful stop
  std::uint16_t listen_port = 0;                        ///< 0: any, so that several can run at once
  std::uint16_t upstream_port = 0;                      ///< 0: any

  // Kind::running
  std::vector<std::string> speaks = {};  ///< variants besides TCP
  net::Address address = {};             ///< where it listens
  net::Address upstream = {};            ///< what it connects to
  pid_t pid = 0;                         ///< 0: not known

  /// Scenarios can run at once, each with a proxy of its own.
  [[nodiscard]] bool starts_anew() const;
  /// It can be told to use other addresses than 127.0.0.1.
  [[nodiscard]] bool is_movable() const;
  /// Why it cannot be graded by the scenario; empty: it can.
  [[nodiscard]] std::string unfit_for(const Scenario& scenario, const Variant& variant = tcp_variant()) const;
  /// It knows how to forward in that variant. Plain TCP, and plain UNIX sockets, do where both sides are alike.
  [[nodiscard]] bool speaks_variant(const Variant& variant) const;
  /// How it is started for the variant. Kind::started, and one that it speaks.
  [[nodiscard]] Form form_for(const Variant& variant) const;
};

/// `text` with placeholders filled in: pairs of name (without braces) and value.
std::string fill_in(std::string text, const std::vector<std::pair<std::string, std::string>>& values);
/// A command line as words: 'quotes', "quotes" and \ as a shell has them, nothing else of a shell. Fails where a quote
/// is open.
Result<std::vector<std::string>> split_words(const std::string& text);

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
  struct One {
    ScratchDirectory directory;
    Process process;
  };
  /// `form`: with placeholders; afterwards as it was started.
  static Result<One> start(const std::string& name, Form& form, const Network& network, const net::Address& listen,
                           const net::Address& upstream);

  net::Address address_;
  Form form_;
  std::vector<One> all_;  ///< the one that clients connect to comes last
  pid_t running_ = 0;
  int stop_signal_ = 0;
};

}  // namespace lastbyte::check
