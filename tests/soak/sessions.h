// Correct sessions with different endings. Tests of the judge plant a fault in them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string_view>

#include "tests/soak/seen.h"

namespace lastbyte::soak {

inline const Kind& kind(std::string_view name) {
  const auto found = std::ranges::find(kinds(), name, &Kind::name);
  EXPECT_NE(found, kinds().end()) << name;
  return *found;
}

inline Seen seen_well(std::uint64_t sent, std::uint64_t received) {
  Seen seen;
  seen.base.connected = true;
  seen.base.local = *net::Address::parse("127.0.0.1", 40'000);
  seen.base.sent = sent;
  seen.base.received = received;
  seen.base.fin = seen.input_over = seen.fin_sent = seen.fin_acknowledged = true;
  return seen;
}

inline system_test::SideRecord told_well(std::uint64_t bytes) {
  return {.address = "127.0.0.1:40000", .end = "fin", .error = "", .received = bytes, .delivered = bytes};
}

inline constexpr std::uint64_t kRequest = 700;
inline constexpr std::uint64_t kAnswer = 40'000;

/// Both ended with a FIN, and everything arrived.
inline Session complete(std::string_view name = "tcp-tcp") {
  Session session;
  session.plan.kind = &kind(name);
  session.client = seen_well(kRequest, kAnswer);
  session.upstream = seen_well(kAnswer, kRequest);
  session.connections = session.records = 1;
  session.record.emplace();
  session.record->complete = true;
  session.record->first = "fin";
  session.record->first_side = "client";
  session.record->limit = "none";
  session.record->connect_us = 100;
  session.record->client = told_well(kRequest);
  session.record->upstream = told_well(kAnswer);
  return session;
}

/// The upstream sent all of its answer and then a reset, with no FIN.
inline Session reset_by_upstream(std::string_view name = "tcp-tcp") {
  Session session = complete(name);
  session.upstream.fin_sent = session.upstream.fin_acknowledged = session.upstream.input_over = false;
  session.upstream.base.fin = false;
  session.upstream.cut = session.upstream.cut_by_reset = true;
  session.client.base.fin = false;
  session.client.base.error = ECONNRESET;
  session.record->complete = false;
  session.record->first = "reset";
  session.record->first_side = "upstream";
  session.record->upstream.end = "reset";
  session.record->upstream.error = "ECONNRESET";
  session.record->client.end = "passed_on";
  return session;
}

/// The upstream sent its answer and a FIN, and then refused the rest of the request.
inline Session refused_by_upstream() {
  Session session = complete();
  session.upstream.base.received = 500;
  session.upstream.base.fin = session.upstream.input_over = false;
  session.upstream.cut = session.upstream.cut_by_reset = true;
  session.record->complete = false;
  session.record->first_side = "upstream";
  session.record->upstream.end = "refused";
  session.record->upstream.error = "EPIPE";
  session.record->client = {.address = "127.0.0.1:40000",
                            .end = "fin",
                            .error = "",
                            .received = kRequest,
                            .delivered = 500,
                            .undelivered = 200,
                            .discarded = 100};
  return session;
}

/// Nobody listened.
inline Session unreachable() {
  Session session = complete("tcp-refused");
  session.connections = 0;
  session.upstream = {};
  session.client.base.received = 0;
  session.client.base.fin = false;
  session.client.base.error = ECONNRESET;
  session.record->complete = false;
  session.record->connect_us = -1;
  session.record->first = "unreachable";
  session.record->first_side = "upstream";
  session.record->client = {.address = "", .end = "passed_on", .error = ""};
  session.record->upstream = {.address = "", .end = "unreachable", .error = "ECONNREFUSED"};
  return session;
}

/// The client told wrongly who it is.
inline Session rejected() {
  Session session = unreachable();
  session.plan.kind = &kind("tcp-tcp-header-v2");
  session.plan.header = Header::wrong;
  session.client.base.sent = 0;
  session.record->first = "rejected";
  session.record->first_side = "client";
  session.record->rejected = "PROXY header: it is none";
  session.record->client.end = "rejected";
  session.record->upstream = {.address = "", .end = "untried", .error = ""};
  return session;
}

/// The client sent no byte, and its upstream waited for one.
inline Session unasked() {
  Session session = unreachable();
  session.plan.kind = &kind("tcp-tcp-on-data");
  session.client = seen_well(0, 0);
  session.record->first = "fin";
  session.record->first_side = "client";
  session.record->client = {.address = "", .end = "fin", .error = ""};
  session.record->upstream = {.address = "", .end = "untried", .error = ""};
  return session;
}

/// The client reset before the upstream was connected.
inline Session cancelled() {
  Session session = unreachable();
  session.plan.kind = &kind("tcp-tcp");
  session.client.base.error = 0;
  session.client.cut = session.client.cut_by_reset = true;
  session.client.fin_sent = session.client.fin_acknowledged = session.client.input_over = false;
  session.record->first = "reset";
  session.record->first_side = "client";
  session.record->client = {.address = "", .end = "reset", .error = "ECONNRESET"};
  session.record->upstream = {.address = "", .end = "passed_on", .error = ""};
  return session;
}

/// Both were silent for longer than the limit.
inline Session idle() {
  Session session = complete("tcp-tcp-brief");
  for (Seen* each : {&session.client, &session.upstream}) {
    each->sends = {Milliseconds(1), Milliseconds(5)};
    each->base.fin = each->fin_sent = each->fin_acknowledged = false;
    each->base.error = ECONNRESET;
    each->base.error_at = Milliseconds(210);
    each->base.sent = each->base.received = 700;
  }
  session.record->complete = false;
  session.record->first = session.record->limit = "limit";
  session.record->limit = "idle";
  session.record->first_side = "";
  session.record->client.end = session.record->upstream.end = "limit";
  session.record->upstream.received = session.record->upstream.delivered = 700;
  return session;
}

/// Took a PROXY header, and told the upstream.
inline Session introduced() {
  Session session = complete("tcp-tcp-header-v2");
  session.plan.header = Header::told;
  session.plan.header_version = net::proxy_protocol::Version::v1;
  session.plan.told = *net::Address::parse("192.0.2.7", 51'000);
  session.record->client.address = "192.0.2.7:51000";
  session.record->proxy_header = "v1";
  session.upstream.base.header = true;
  session.upstream.base.told = session.plan.told;
  return session;
}

/// Both UNIX, and three descriptors came with the tenth byte of the request.
inline Session with_descriptors() {
  Session session = complete("unix-unix");
  session.client.gave = {{9, 10, 3}};
  session.upstream.took = {{0, 10, 3}};
  session.record->client.descriptors = 3;
  return session;
}

/// The daemon had no descriptor left for its upstream.
inline Session short_of_descriptors() {
  Session session = unreachable();
  session.plan.kind = &kind("tcp-tcp");
  session.short_of_descriptors = true;
  session.record->upstream.error = "EMFILE";
  return session;
}

/// It was still in the queue when a stop was asked for.
inline Session turned_away() {
  Session session = unreachable();
  session.plan.kind = &kind("tcp-tcp");
  session.stopping = true;
  session.records = 0;
  session.record.reset();
  return session;
}

}  // namespace lastbyte::soak
