// Packets: captured in a namespace, parsed as segments, written as pcapng.
#include "wire/capture/capture.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "net/namespace/enter.h"
#include "tests/harness/eventually.h"
#include "tests/peers/both.h"
#include "wire/capture/pcapng.h"
#include "wire/capture/segment.h"
#include "wire/network.h"

namespace lastbyte::wire {
namespace {

/// Returns an Ethernet frame with IPv4 and TCP, without checksums.
std::vector<std::byte> frame(unsigned flags, const std::string& data) {
  std::vector<unsigned char> bytes(14 + 20 + 20, 0);
  bytes[12] = 0x08;
  unsigned char* ip = bytes.data() + 14;
  ip[0] = 0x45;
  const std::size_t total = 40 + data.size();
  ip[2] = static_cast<unsigned char>(total >> 8);
  ip[3] = static_cast<unsigned char>(total);
  ip[9] = 6;
  ip[12] = 192;
  ip[13] = 0;
  ip[14] = 2;
  ip[15] = 1;
  ip[16] = 198;
  ip[19] = 9;
  unsigned char* tcp = ip + 20;
  tcp[1] = 80;
  tcp[2] = 0x10;
  tcp[7] = 5;
  tcp[12] = 0x50;
  tcp[13] = static_cast<unsigned char>(flags);
  bytes.insert(bytes.end(), data.begin(), data.end());
  std::vector<std::byte> out(bytes.size());
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

TEST(Segments, are_read_from_frames) {
  const auto segment = parse_segment(frame(0x11, "hello"));
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->source, "192.0.2.1");
  EXPECT_EQ(segment->destination, "198.0.0.9");
  EXPECT_EQ(segment->source_port, 80);
  EXPECT_EQ(segment->destination_port, 0x1000);
  EXPECT_EQ(segment->sequence, 5U);
  EXPECT_EQ(segment->bytes, 5U);
  EXPECT_EQ(segment->text(), "5 bytes FIN");
  EXPECT_FALSE(segment->only_acknowledges());
  EXPECT_EQ(parse_segment(frame(0x12, ""))->text(), "SYN ACK");
  EXPECT_EQ(parse_segment(frame(0x04, ""))->text(), "RST");
  EXPECT_TRUE(parse_segment(frame(0x10, ""))->only_acknowledges());
}

TEST(Segments, what_is_cut_or_none_is_refused_at_every_length) {
  const auto whole = frame(0x10, "");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(parse_segment(std::span(whole).first(size))) << size;
  auto udp = whole;
  udp[14 + 9] = std::byte{17};
  EXPECT_FALSE(parse_segment(udp));
}

TEST(Pcapng, has_the_blocks_that_readers_want) {
  const Moment at{std::chrono::nanoseconds(0x1'0000'0002)};
  const std::vector<Commented> packets{{.packet = {at, frame(0x02, "abc")}, .comment = "connect()"}};
  const std::string file = pcapng("lo", "about", packets);
  const auto number = [&](std::size_t offset) {
    std::uint32_t value = 0;
    std::memcpy(&value, file.data() + offset, sizeof value);
    return value;
  };
  EXPECT_EQ(number(0), 0x0a0d0d0aU);
  EXPECT_EQ(number(8), 0x1a2b3c4dU);
  EXPECT_EQ(file.size() % 4, 0U);
  // Each block ends with its length, and blocks follow each other without a gap.
  std::vector<std::uint32_t> types;
  for (std::size_t block = 0; block < file.size();) {
    types.push_back(number(block));
    const std::uint32_t length = number(block + 4);
    ASSERT_GE(length, 12U);
    ASSERT_EQ(number(block + length - 4), length);
    if (types.back() == 6) {
      EXPECT_EQ(number(block + 12), 1U);
      EXPECT_EQ(number(block + 16), 2U);
      EXPECT_EQ(number(block + 20), 57U);
    }
    block += length;
  }
  EXPECT_EQ(types, (std::vector<std::uint32_t>{0x0a0d0d0a, 1, 6}));
  EXPECT_NE(file.find("connect()"), std::string::npos);
}

TEST(Captures, have_every_segment_of_a_connection_once) {
  auto network = make_namespace();
  if (!network) GTEST_SKIP() << network.error().text();
  auto capture = Capture::start(network->get(), "lo");
  if (!capture) GTEST_SKIP() << capture.error().text();
  ASSERT_TRUE(net::run_inside(network->get(), [] {
    const auto both = peers::run("send 1000; shutdown; expect fin", "read; send 10; close");
    EXPECT_TRUE(both.client.as_scripted()) << both.client.text();
  }));
  int syns = 0;
  int fins = 0;
  std::uint64_t bytes = 0;
  EXPECT_TRUE(test::eventually([&] {
    for (const Packet& each : capture->drain()) {
      const auto segment = parse_segment(each.bytes);
      if (!segment) continue;
      syns += segment->syn ? 1 : 0;
      fins += segment->fin ? 1 : 0;
      bytes += segment->bytes;
    }
    return fins == 2;
  }));
  EXPECT_EQ(syns, 2);
  EXPECT_EQ(bytes, 1010U);
  EXPECT_EQ(capture->lost(), 0U);
}

}  // namespace
}  // namespace lastbyte::wire
