// A worker's figures of a forwarding agree with the sessions' records, and follow open sessions.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/socket/calls.h"
#include "tests/relay/worker/stage.h"

namespace lastbyte::relay {
namespace {

using net::Transport;
using termination::Which;

std::uint64_t in_phase(const Stage& stage, Phase phase) {
  return stage.figures().of(Family::sessions)[static_cast<std::size_t>(phase)].get();
}

std::uint64_t received(const Stage& stage, Which side) {
  return stage.figures().of(Family::received_bytes)[static_cast<std::size_t>(side)].get();
}

void say(const Descriptor& socket, std::string_view what) {
  EXPECT_EQ(::send(socket.get(), what.data(), what.size(), MSG_NOSIGNAL), static_cast<ssize_t>(what.size()));
}

void hear(const Descriptor& socket, std::string_view what) {
  std::string got(what.size(), '\0');
  EXPECT_EQ(::recv(socket.get(), got.data(), got.size(), MSG_WAITALL), static_cast<ssize_t>(got.size()));
  EXPECT_EQ(got, what);
}

TEST(WorkerFigures, an_open_session_is_counted_in_its_phase_and_its_bytes_as_they_come) {
  Stage stage(Transport::tcp, Transport::tcp);
  Descriptor client = stage.connect();
  Descriptor server = stage.accept();
  say(client, "question");
  hear(server, "question");
  EXPECT_TRUE(eventually([&] { return in_phase(stage, Phase::open) == 1; }));
  EXPECT_TRUE(eventually([&] { return received(stage, Which::client) == 8; }));
  say(client, "more");
  hear(server, "more");
  EXPECT_TRUE(eventually([&] { return received(stage, Which::client) >= 12; }));
  EXPECT_EQ(received(stage, Which::client), 12U) << "no byte is counted twice";
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_TRUE(eventually([&] { return in_phase(stage, Phase::half_closed) == 1; }));
  EXPECT_EQ(in_phase(stage, Phase::open), 0U);
  say(server, "answer");
  hear(client, "answer");
  EXPECT_TRUE(eventually([&] { return received(stage, Which::upstream) == 6; }));
  server.close();
  EXPECT_TRUE(eventually([&] { return stage.count(Count::ended) == 1; }));
  stage.wait_for_worker();
  for (std::size_t phase = 0; phase < kPhaseWords.size(); ++phase)
    EXPECT_EQ(in_phase(stage, static_cast<Phase>(phase)), 0U) << kPhaseWords[phase];
}

TEST(WorkerFigures, every_number_of_the_records_is_in_the_figures) {
  Stage stage(Transport::tcp, Transport::tcp);
  for (int round = 0; round < 6; ++round) {
    Descriptor client = stage.connect();
    Descriptor server = stage.accept();
    say(client, "question");
    hear(server, "question");
    if (round % 3 == 1) net::reset_and_close(server);
    if (round % 3 == 2) net::reset_and_close(client);
    client.close();
    server.close();
  }
  EXPECT_TRUE(eventually([&] { return stage.count(Count::ended) == 6; }));
  stage.wait_for_worker();
  std::array<std::uint64_t, kEndingWords.size()> endings{};
  std::uint64_t from_clients = 0;
  std::uint64_t resets = 0;
  for (const Record& record : stage.records()) {
    ++endings[static_cast<std::size_t>(ending_of(record))];
    from_clients += record.stream().flow(Which::client).received;
    for (const Which side : termination::kBoth) resets += record.stream().verdict.end(side) == termination::End::reset;
  }
  EXPECT_EQ(endings[static_cast<std::size_t>(Ending::reset_by_client)], 2U);
  EXPECT_EQ(endings[static_cast<std::size_t>(Ending::reset_by_upstream)], 2U);
  const Figures::Member* member = stage.figures().member(0);
  ASSERT_NE(member, nullptr);
  for (std::size_t index = 0; index < endings.size(); ++index)
    EXPECT_EQ(member->ended[index].get(), endings[index]) << kEndingWords[index];
  EXPECT_EQ(stage.figures().of(Family::begun)[0].get(), 6U);
  EXPECT_EQ(received(stage, Which::client), from_clients);
  EXPECT_EQ(stage.figures().of(Family::resets_received)[0].get() + stage.figures().of(Family::resets_received)[1].get(),
            resets);
  std::uint64_t passed_on = 0;
  for (const Which side : termination::kBoth)
    passed_on += stage.figures()
                     .of(Family::resets_sent)[static_cast<std::size_t>(side) * kResetCauseWords.size() +
                                              static_cast<std::size_t>(ResetCause::passed_on)]
                     .get();
  EXPECT_EQ(passed_on, 4U) << "each reset was passed on to the other side";
  EXPECT_EQ(stage.figures().of(Timing::duration).buckets.size(), kBounds + 1);
}

TEST(WorkerFigures, datagrams_are_counted_by_side) {
  Stage stage(Transport::udp, Transport::udp);
  const Descriptor client(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), stage.at().data(), stage.at().size()), 0);
  for (int round = 0; round < 3; ++round) say(client, "ping");
  EXPECT_TRUE(eventually([&] { return received(stage, Which::client) == 12; }));
  EXPECT_EQ(stage.figures().of(Family::datagrams_received)[0].get(), 3U);
  EXPECT_TRUE(eventually([&] { return stage.count(Count::ended) == 1; })) << "limits.datagram-idle";
  const Figures::Member* member = stage.figures().member(0);
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->ended[static_cast<std::size_t>(Ending::complete)].get(), 1U);
}

}  // namespace
}  // namespace lastbyte::relay
