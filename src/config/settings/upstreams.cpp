// Settings of a forwarding's upstream: look-ups of its host, and retries of sessions.
#include <chrono>
#include <cstdint>

#include "config/settings/lookups.h"
#include "config/settings/table.h"

namespace lastbyte::config {

namespace {

using relay::Forwarding;
using std::chrono::hours;
using std::chrono::milliseconds;
using upstream::Retry;

/// Describes what `connect` is: "a host name", "a group", ...
std::string state_of_connect(const Forwarding& forwarding) {
  if (!forwarding.group.empty()) return "a group";
  return forwarding.connect.is_unix() ? "a unix socket" : "a numeric address";
}

bool has_host_name(const Forwarding& forwarding) {
  return forwarding.group.empty() && !forwarding.connect.is_unix() && !net::is_numeric(forwarding.connect.host);
}

void add_names(Table& table) {
  add_lookups<Forwarding>(
      table, Heading::names, [](auto& f) -> auto& { return f.names; },
      [](Setting& row) {
        std::get<Field<Forwarding>>(row.field).conditions.push_back(
            {.needs = "connect", .holds = has_host_name, .only = "a host name", .state = state_of_connect});
      });
}

/// A retry without any reason is off. Until all settings are read, this object collects their values.
Retry off() {
  Retry retry;
  retry.on_connect_failure = false;
  return retry;
}

Retry& retry_of(Forwarding& forwarding) {
  if (!forwarding.retry) forwarding.retry = off();
  return *forwarding.retry;
}

const Retry& retry_of(const Forwarding& forwarding) {
  static const Retry kOff = off();
  return forwarding.retry ? *forwarding.retry : kOff;
}

void add_retry(Table& table) {
  const Heading heading = Heading::retry;
  const auto add = [&]<typename Member>(const std::string& key, const auto& codec, Member,
                                        std::string_view meaning) -> Setting& {
    return table.add<Forwarding>(heading, key, codec, [](auto& f) -> auto& { return Member()(retry_of(f)); }, meaning);
  };
  const auto with_any = [](Setting& row) {
    needs<Forwarding>(row, "retry.retry-on", [](const Forwarding& f) { return retry_of(f).is_on(); });
  };
  const auto with_reset = [](Setting& row) {
    needs<Forwarding>(row, "retry.retry-on", [](const Forwarding& f) { return retry_of(f).on_reset; });
    row.meaning += " Applies only if retry.retry-on has reset.";
  };
  using Flag = NamedFlag<Forwarding>;
  Setting& on = table.add_flags<Forwarding>(
      heading, "retry.retry-on",
      {Flag{"connect-failure",
            Accessor<Forwarding, bool>([](auto& f) -> auto& { return retry_of(f).on_connect_failure; })},
       Flag{"reset", Accessor<Forwarding, bool>([](auto& f) -> auto& { return retry_of(f).on_reset; })}},
      "Failures after which a session tries again, until limits.connect: connect-failure is a refused connection, a "
      "timeout, an unreachable address, or no free local port; reset is a reset by the upstream before its first "
      "byte. none tries each address once.");
  on.flag = "retry-on";
  table.listening(kStream);
  table.connecting(kStream);
  with_any(add(
      "retry.per-try-timeout", duration_codec(milliseconds(1), hours(1)),
      [](auto& r) -> auto& { return r.per_try_timeout; }, "Time limit for one attempt to connect."));
  with_any(add(
      "retry.backoff", duration_codec(milliseconds(1), hours(1)), [](auto& r) -> auto& { return r.backoff; },
      "Bound of the first pause before a retry. The bound doubles with each further retry; the pause is a random time "
      "up to it."));
  with_any(add(
      "retry.longest-backoff", duration_codec(milliseconds(1), hours(1)),
      [](auto& r) -> auto& { return r.longest_backoff; }, "Largest bound of the pause before a retry."));
  with_reset(add(
      "retry.attempts", count_codec<std::uint32_t>(1, 100), [](auto& r) -> auto& { return r.attempts; },
      "Maximum number of retries of a session after a reset."));
  with_reset(add(
      "retry.budget", percent_codec(1, 100), [](auto& r) -> auto& { return r.budget_percent; },
      "Maximum number of retries after a reset, as a share of the forwarding's sessions."));
  with_reset(add(
      "retry.replay", large_size_codec(0, 16ULL << 20U), [](auto& r) -> auto& { return r.replay; },
      "Bytes from the client that lastbyte holds until the upstream's first byte, to send them again after a reset. "
      "With 0 lastbyte never sends anything twice."));
}

}  // namespace

void add_upstreams(Table& table) {
  add_names(table);
  add_retry(table);
}

}  // namespace lastbyte::config
