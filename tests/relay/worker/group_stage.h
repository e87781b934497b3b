// A worker whose forwarding has a group, its members, and what the sessions' peers say and hear.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/socket/calls.h"
#include "tests/relay/worker/stage.h"
#include "upstream/terms/snapshot.h"

namespace lastbyte::relay::group_test {

using net::Transport;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline void set_patience(int fd) {
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

/// A port of this machine that does as it is told.
struct Port {
  /// Refuses, until it listens.
  explicit Port(const std::string& host = "127.0.0.1", int type = SOCK_STREAM)
      : socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    const auto any = *net::Address::parse(host, 0);
    EXPECT_EQ(::bind(socket.get(), any.data(), any.size()), 0);
    at = net::local_address(socket.get());
    set_patience(socket.get());
  }
  void listen() { EXPECT_EQ(::listen(socket.get(), 64), 0); }
  /// Swallows SYNs: its queue is full.
  void fall_silent() {
    EXPECT_EQ(::listen(socket.get(), 0), 0);
    for (int count = 0; count < 2; ++count) {
      Descriptor filler(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      ::connect(filler.get(), at.data(), at.size());
      fillers.push_back(std::move(filler));
    }
  }
  Descriptor accept() {
    Descriptor accepted(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(accepted);
    set_patience(accepted.get());
    return accepted;
  }
  Descriptor socket;
  net::Address at;
  std::vector<Descriptor> fillers;
};

/// What a group looks like, for a test to change.
struct Look {
  explicit Look(std::vector<std::vector<net::Address>> members) {
    group.policy = upstream::Policy::first;
    group.name = "servers";
    for (auto& addresses : members) {
      upstream::SnapshotMember member;
      member.name = "member-" + std::to_string(snapshot.members.size());
      member.figures = std::make_shared<upstream::Figures>();
      member.settings = std::make_shared<const upstream::Member>();
      member.addresses = {std::move(addresses)};
      snapshot.members.push_back(std::move(member));
    }
  }
  void limit(std::size_t member, std::uint32_t most) {
    upstream::Member settings;
    settings.max_sessions = most;
    snapshot.members[member].settings = std::make_shared<const upstream::Member>(settings);
  }
  std::shared_ptr<const upstream::Snapshot> now() {
    snapshot.id = 7;
    ++snapshot.generation;
    snapshot.group = std::make_shared<const upstream::Group>(group);
    return std::make_shared<const upstream::Snapshot>(snapshot);
  }
  upstream::Figures& figures(std::size_t member) { return *snapshot.members[member].figures; }

  upstream::Group group;
  upstream::Snapshot snapshot;
};

inline void say(const Descriptor& to, std::string_view bytes) {
  EXPECT_EQ(::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

inline void half_close(const Descriptor& socket) { ::shutdown(socket.get(), SHUT_WR); }

/// So many bytes, or those that come before the end; "ECONNRESET" where it ends so.
inline std::string hear(const Descriptor& from, std::size_t bytes) {
  std::string got(bytes, '\0');
  std::size_t there = 0;
  while (there < bytes) {
    const ssize_t read = ::recv(from.get(), got.data() + there, bytes - there, 0);
    if (read < 0) return got.substr(0, there) + errno_name(errno);
    if (read == 0) break;
    there += static_cast<std::size_t>(read);
  }
  return got.substr(0, there);
}
inline std::string hear_all(const Descriptor& from) { return hear(from, 100'000); }

inline void reset(Descriptor& socket) { net::reset_and_close(socket); }

/// The words of a record's tries: "member-0 failed ECONNREFUSED, member-1 connected".
inline std::string tries_of(const Record& record) {
  if (!record.tries) return "none";
  std::string words;
  for (const Try& each : record.tries->all) {
    static constexpr std::array<std::string_view, 4> kEnds{"connected", "failed", "outrun", "reset"};
    words += (words.empty() ? "" : ", ") + each.member + " " + std::string(kEnds[static_cast<std::size_t>(each.end)]);
    if (each.error != 0) words += " " + errno_name(each.error);
  }
  return words;
}

class GroupStage : public testing::Test {
 protected:
  void start(Look& look, const Stage::Change& change = {}, Transport transport = Transport::tcp) {
    stage_.emplace(transport, transport, [&](Forwarding& forwarding, Shared& shared) {
      forwarding.client.socket.send_buffer = forwarding.upstream.socket.send_buffer = std::nullopt;
      shared.observe = [this](const upstream::Observation& told) {
        const std::lock_guard lock(mutex_);
        observed_.push_back(told);
      };
      if (change) change(forwarding, shared);
    });
    stage_->serve_group(look.now());
  }
  void exchange(const Descriptor& client, const Descriptor& server) {
    say(client, "question");
    EXPECT_EQ(hear(server, 8), "question");
    say(server, "answer");
    EXPECT_EQ(hear(client, 6), "answer");
  }
  void end(Descriptor& client, Descriptor& server) {
    half_close(client);
    half_close(server);
    EXPECT_EQ(hear_all(client), "");
    EXPECT_EQ(hear_all(server), "");
  }
  Record record() {
    std::vector<Record> all = records(1);
    return all.empty() ? Record{} : all.front();
  }
  std::vector<Record> records(std::size_t count) {
    std::vector<Record> all;
    EXPECT_TRUE(eventually([&] {
      for (Record& each : stage_->records()) all.push_back(std::move(each));
      return all.size() >= count;
    }));
    return all;
  }
  std::vector<upstream::Observation> observed() {
    const std::lock_guard lock(mutex_);
    return observed_;
  }

  std::mutex mutex_;
  std::vector<upstream::Observation> observed_;
  std::optional<Stage> stage_;
};

inline void try_often(Forwarding& forwarding, Shared& /*shared*/) { forwarding.retry.emplace(); }

}  // namespace lastbyte::relay::group_test
