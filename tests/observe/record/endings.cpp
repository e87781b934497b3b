#include "tests/observe/record/endings.h"

#include <cerrno>
#include <stdexcept>

#include "termination/transition.h"

namespace lastbyte::observe {
namespace {

using relay::FlowRecord;
using relay::Record;
using termination::Event;
using termination::Which;
using namespace std::chrono_literals;

constexpr Which kClient = Which::client;
constexpr Which kUpstream = Which::upstream;

struct Happening {
  Event event;
  Which side = kClient;
};

termination::Verdict after(const std::vector<Happening>& story, bool linger = true,
                           termination::Greeting greeting = termination::Greeting::none) {
  termination::Session session = termination::new_session(linger, greeting);
  for (const Happening& each : story) {
    const auto step = termination::step(session, each.event, each.side);
    if (!step) throw std::logic_error("impossible: " + std::string(name(each.event)));
    session = step->session;
  }
  if (!termination::final(session)) throw std::logic_error("not final");
  return termination::verdict(session);
}

FlowRecord flow(std::uint64_t received, std::uint64_t delivered, std::uint64_t discarded = 0,
                std::uint64_t rescued = 0) {
  return {received, delivered, received - delivered, discarded, rescued};
}

Record session(std::uint64_t id, const termination::Verdict& verdict) {
  Record record;
  record.id = id;
  record.forwarding = std::make_shared<const std::string>("web");
  record.listen = std::make_shared<const std::string>("192.0.2.1:8080");
  record.started = std::chrono::sys_days(std::chrono::March / 4 / 2026) + 5h + 6min + 7s + 89ms;
  record.duration = 1204512us;
  record.stream().connect_duration = 412us;
  record.stream().verdict = verdict;
  record.sides[0].address = *net::Address::parse("192.0.2.7", 51234);
  record.sides[1].address = *net::Address::parse("2001:db8::2", 80);
  return record;
}

Record with_flows(Record record, FlowRecord client, FlowRecord upstream) {
  record.stream().flows[0] = client;
  record.stream().flows[1] = upstream;
  return record;
}

Record with_error(Record record, Which side, int error) {
  record.sides[static_cast<std::size_t>(side)].error = error;
  return record;
}

Record never_connected(Record record, std::uint32_t retries) {
  record.stream().connect_duration = -1us;
  record.stream().retries = retries;
  return record;
}

constexpr Happening kConnected{Event::connected, kUpstream};

Record half_closed_limit() {
  auto record = session(7, after({kConnected, {Event::fin, kClient}, {Event::deadline}}));
  record.duration = 600s;
  return with_flows(std::move(record), flow(120, 120), flow(0, 0));
}

Record idle_limit() {
  auto record = session(6, after({kConnected, {Event::deadline}}));
  record.duration = 24h;
  return with_flows(std::move(record), flow(5120, 5120), flow(88000, 88000));
}

std::vector<Ending> good_endings() {
  const auto answered = after({kConnected,
                               {Event::fin, kUpstream},
                               {Event::refused, kUpstream},
                               {Event::fin, kClient},
                               {Event::acked, kClient}});
  return {
      {"complete", complete_record()},
      {"refused by upstream",
       with_error(with_flows(session(2, answered), flow(262144, 65536, 131072), flow(340, 340, 0, 340)), kUpstream,
                  EPIPE)},
  };
}

std::vector<Ending> failures() {
  const auto client_reset = after({kConnected, {Event::reset, kClient}, {Event::acked, kUpstream}});
  const auto upstream_reset =
      after({kConnected, {Event::fin, kClient}, {Event::reset, kUpstream}, {Event::acked, kClient}});
  const auto vanished = after({kConnected, {Event::vanished, kClient}, {Event::acked, kUpstream}});
  const auto unreachable = after({{Event::connect_failed, kUpstream}});
  const auto aborted = after({kConnected, {Event::fin_aborts, kClient}, {Event::acked, kUpstream}});
  const auto too_early = after({{Event::reset, kClient}});
  const auto refused = after({kConnected,
                              {Event::fin, kClient},
                              {Event::refused, kClient},
                              {Event::acked, kUpstream},
                              {Event::fin, kUpstream}});
  return {
      {"reset by client",
       with_error(with_flows(session(3, client_reset), flow(700, 700), flow(40960, 24576)), kClient, ECONNRESET)},
      {"reset by upstream",
       with_error(with_flows(session(4, upstream_reset), flow(700, 700), flow(1024, 1024)), kUpstream, ECONNRESET)},
      {"aborted by the FIN of client", with_flows(session(21, aborted), flow(700, 700), flow(4096, 2896))},
      {"client vanished",
       with_error(with_flows(session(5, vanished), flow(700, 700), flow(4096, 2896)), kClient, ETIMEDOUT)},
      {"refused by client",
       with_error(with_flows(session(8, refused), flow(90, 90), flow(81920, 16384, 49152)), kClient, EPIPE)},
      {"upstream unreachable", with_error(never_connected(session(9, unreachable), 2), kUpstream, ECONNREFUSED)},
      {"upstream unreachable, no local address and port to connect from",
       with_error(never_connected(session(16, unreachable), 0), kUpstream, EADDRNOTAVAIL)},
      {"reset by client, before the upstream was connected",
       with_error(never_connected(session(10, too_early), 0), kClient, ECONNRESET)},
  };
}

/// A session that tried no upstream.
Record untried(Record record, relay::Introduction introduction) {
  record.stream().connect_duration = -1us;
  record.sides[1].address = {};
  record.stream().introduction = std::make_shared<const relay::Introduction>(std::move(introduction));
  return record;
}

std::vector<Ending> greetings() {
  const auto waiting = termination::Greeting::awaited;
  const auto rejected = after({{Event::rejected, kClient}}, true, waiting);
  const auto late = after({{Event::deadline}}, true, waiting);
  auto told = session(19, complete_record().stream().verdict);
  told = with_flows(std::move(told), flow(78, 78), flow(14600, 14600));
  told.stream().introduction =
      std::make_shared<const relay::Introduction>(relay::Introduction{.via = *net::Address::parse("10.0.0.3", 40112),
                                                                      .version = net::proxy_protocol::Version::v2,
                                                                      .unique_id = "8f2c-0017",
                                                                      .authority = "www.example.org",
                                                                      .rejection = {}});
  return {
      {"client rejected",
       untried(session(17, rejected), {.rejection = "PROXY header: the CRC32C does not match the header"})},
      {"proxy_header limit passed", untried(session(18, late), {.rejection = "no PROXY header came in time"})},
      {"complete, by way of a load balancer", told},
  };
}

std::vector<Ending> limits() {
  const auto connecting = after({{Event::deadline}});
  auto waiting = never_connected(session(25, after({{Event::queued, kUpstream}, {Event::deadline}})), 0);
  waiting.sides[1].address = {};
  const auto held_back = [](std::initializer_list<Happening> then, std::uint64_t id) {
    std::vector<Happening> all{{Event::held_back, kUpstream}};
    all.insert(all.end(), then);
    auto record = never_connected(session(id, after(all)), 0);
    record.sides[1].address = {};
    return record;
  };
  const auto flush = after({kConnected, {Event::reset, kUpstream}, {Event::deadline}});
  const auto linger = after({kConnected, {Event::fin, kUpstream}, {Event::refused, kUpstream}, {Event::deadline}});
  return {
      {"connect limit passed", never_connected(session(11, connecting), 4)},
      {"client sent nothing", held_back({{Event::fin, kClient}}, 27)},
      {"first_byte limit passed", held_back({{Event::deadline}}, 28)},
      {"queue limit passed", waiting},
      {"idle limit passed", idle_limit()},
      {"half_close limit passed", half_closed_limit()},
      {"reset_flush limit passed",
       with_error(with_flows(session(12, flush), flow(90, 90), flow(81920, 16384)), kUpstream, ECONNRESET)},
      {"linger limit passed",
       with_error(with_flows(session(13, linger), flow(9000000, 65536, 8900000), flow(340, 340)), kUpstream, EPIPE)},
  };
}

std::vector<Ending> our_own_endings() {
  const auto drained = after({kConnected, {Event::stop}, {Event::deadline}});
  const auto left = after({kConnected, {Event::fin, kUpstream}, {Event::refused, kUpstream}}, false);
  auto abandoned = with_flows(session(20, after({kConnected, {Event::abandon}})), flow(65536, 0), flow(2048, 2048));
  abandoned.stream().abandoned = relay::Abandoned::no_memory;
  return {
      {"stopped by the operator", with_flows(session(14, drained), flow(512, 512), flow(2048, 2048))},
      {"refused by upstream, linger off",
       with_error(with_flows(session(15, left), flow(65536, 20000), flow(340, 340)), kUpstream, EPIPE)},
      {"abandoned", abandoned},
  };
}

Record datagram_session(std::uint64_t id, relay::DatagramEnd end, relay::DatagramFlow client,
                        relay::DatagramFlow upstream) {
  Record record;
  record.id = id;
  record.forwarding = std::make_shared<const std::string>("dns");
  record.listen = std::make_shared<const std::string>("0.0.0.0:53");
  record.started = std::chrono::sys_days(std::chrono::March / 4 / 2026) + 5h + 6min + 7s + 89ms;
  record.duration = 60021403us;
  record.sides[0].address = *net::Address::parse("192.0.2.7", 51234);
  record.sides[1].address = *net::Address::parse("2001:db8::2", 53);
  record.evidence = relay::DatagramRecord{.end = end, .flows = {client, upstream}};
  return record;
}

}  // namespace

std::vector<Ending> datagram_endings() {
  using relay::DatagramEnd;
  return {
      {"idle", datagram_session(16, DatagramEnd::idle, {2, 78, 0, 0}, {2, 310, 0, 0})},
      {"upstream failed",
       with_error(datagram_session(17, DatagramEnd::failed, {1, 39, 0, 0}, {0, 0, 0, 0}), kUpstream, ECONNREFUSED)},
      {"evicted for a new client", datagram_session(18, DatagramEnd::evicted, {1, 39, 0, 0}, {1, 155, 0, 0})},
      {"superseded by a reload", datagram_session(21, DatagramEnd::superseded, {60, 2340, 0, 0}, {0, 0, 0, 0})},
      {"drained at a stop", datagram_session(19, DatagramEnd::drained, {4, 156, 0, 0}, {4, 620, 0, 0})},
      {"stopped by the operator, datagrams",
       datagram_session(20, DatagramEnd::stopped, {9000, 10800000, 12, 14400}, {3, 120, 0, 0})},
  };
}

Record complete_record() {
  return with_flows(session(1, after({kConnected,
                                      {Event::fin, kClient},
                                      {Event::fin, kUpstream},
                                      {Event::acked, kClient},
                                      {Event::acked, kUpstream}})),
                    flow(78, 78), flow(14600, 14600));
}

/// A session whose group's first member refused.
Ending served_by_another_member() {
  auto record = complete_record();
  record.id = 26;
  record.stream().retries = 1;
  relay::Tries tries{.group = "servers", .all = {}};
  tries.all.push_back({.member = "first.example:80",
                       .address = *net::Address::parse("2001:db8::1", 80),
                       .began = 85us,
                       .took = 61us,
                       .end = relay::TryEnd::failed,
                       .error = ECONNREFUSED});
  tries.all.push_back({.member = "second.example:80",
                       .address = *net::Address::parse("2001:db8::2", 80),
                       .began = 160us,
                       .took = 252us,
                       .end = relay::TryEnd::connected});
  record.tries = std::make_shared<const relay::Tries>(std::move(tries));
  return {"complete, on another member of a group", record};
}

std::vector<Ending> typical_endings() {
  std::vector<Ending> all;
  for (const auto& group : {good_endings(), failures(), greetings(), limits(), our_own_endings()})
    all.insert(all.end(), group.begin(), group.end());
  all.push_back(served_by_another_member());
  return all;
}

}  // namespace lastbyte::observe
