#include "tests/harness/greeting.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "net/socket/calls.h"
#include "net/tcp/connect.h"

namespace lastbyte::system_test {

std::string header_bytes(net::proxy_protocol::Version version, const std::string& source, std::uint16_t source_port,
                         const std::string& destination, std::uint16_t destination_port,
                         std::vector<net::proxy_protocol::Tlv> tlvs) {
  const auto text = net::proxy_protocol::format({.version = version,
                                                 .source = *net::Address::parse(source, source_port),
                                                 .destination = *net::Address::parse(destination, destination_port),
                                                 .tlvs = std::move(tlvs)});
  EXPECT_TRUE(text) << text.error().text();
  return text.value_or("");
}

Descriptor knock(const net::Address& at) {
  auto connecting = net::connect_tcp(at, {}, {});
  EXPECT_TRUE(connecting) << connecting.error().text();
  return connecting ? std::move(connecting->socket) : Descriptor();
}

std::string all_of(const Descriptor& socket) {
  std::string all;
  for (;;) {
    if (net::test::wait_for(socket.get(), POLLIN) == 0) return all + "NOTHING";
    std::array<char, 65536> room{};
    const ssize_t got = ::recv(socket.get(), room.data(), room.size(), 0);
    if (got == 0) return all;
    if (got < 0) return all + (errno == ECONNRESET ? "RESET" : "ERROR");
    all.append(room.data(), static_cast<std::size_t>(got));
  }
}

std::string next_of(const Descriptor& socket, std::size_t count) {
  std::string all;
  while (all.size() < count && (net::test::wait_for(socket.get(), POLLIN) & POLLIN) != 0) {
    std::string room(count - all.size(), '\0');
    const ssize_t got = ::recv(socket.get(), room.data(), room.size(), 0);
    if (got <= 0) break;
    all.append(room.data(), static_cast<std::size_t>(got));
  }
  return all;
}

void send_fin(const Descriptor& socket) { EXPECT_EQ(::shutdown(socket.get(), SHUT_WR), 0); }

void send_and_see_arrive(const Descriptor& socket, std::string_view bytes) {
  EXPECT_TRUE(net::test::send_all(socket, bytes));
  EXPECT_TRUE(net::test::eventually([&] { return net::unacknowledged(socket.get()) == 0; }));
}

bool Greeted::upstream_untouched() const { return (net::test::events_now(upstream_.get(), POLLIN) & POLLIN) == 0; }

Record Greeted::expect_rejected(const Descriptor& client, const std::string& why) {
  EXPECT_EQ(all_of(client), "RESET");
  const Record record = proxy_->record();
  EXPECT_EQ(record.client.end, "rejected") << record.line;
  EXPECT_EQ(record.upstream.end, "untried") << record.line;
  EXPECT_EQ(record.first, "rejected") << record.line;
  EXPECT_EQ(record.first_side, "client") << record.line;
  EXPECT_NE(record.rejected.find(why), std::string::npos) << record.line;
  EXPECT_EQ(record.upstream.address, "") << record.line;
  EXPECT_TRUE(upstream_untouched());
  return record;
}

void Greeted::expect_served(const Descriptor& client, const std::string& said) {
  const Descriptor server = served();
  EXPECT_EQ(all_of(server), said);
  EXPECT_TRUE(net::test::send_all(server, "the answer"));
  send_fin(server);
  EXPECT_EQ(all_of(client), "the answer");
}

}  // namespace lastbyte::system_test
