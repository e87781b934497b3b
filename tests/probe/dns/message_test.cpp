#include <gtest/gtest.h>

#include "tests/probe/dns/message_bytes.h"

namespace lastbyte::probe::dns::test {
namespace {

using std::chrono::seconds;

std::string addresses(const Records& records) {
  std::string out;
  for (const net::Address& each : records.addresses) out += (out.empty() ? "" : " ") + each.ip_text();
  return out;
}

/// "10.0.0.1 ttl=30", "NXDOMAIN ttl=5", "no data", "broken: why"
std::string told(const Message& message) {
  if (const auto* records = std::get_if<Records>(&message)) {
    std::string out = addresses(*records);
    for (const Target& each : records->targets)
      out += (out.empty() ? "" : " ") + each.host + ":" + std::to_string(each.port) + "/" +
             std::to_string(each.priority) + "/" + std::to_string(each.weight);
    return out + " ttl=" + std::to_string(records->ttl.count());
  }
  if (const auto* negative = std::get_if<Negative>(&message))
    return std::string(negative->name_exists ? "no data" : "NXDOMAIN") +
           (negative->ttl ? " ttl=" + std::to_string(negative->ttl->count()) : "");
  return "broken: " + std::get<Broken>(message).why;
}

std::string told(const MessageBytes& message, RecordType type = RecordType::a) {
  return told(read(message.bytes(), type));
}

TEST(DnsMessage, addresses_come_in_the_order_of_the_message_with_the_least_ttl) {
  EXPECT_EQ(
      told(MessageBytes("a.example", RecordType::a).a("a.example", 60, "10.0.0.2").a("A.Example", 30, "10.0.0.1")),
      "10.0.0.2 10.0.0.1 ttl=30");
  EXPECT_EQ(told(MessageBytes("a.example", RecordType::aaaa).aaaa("a.example", 9, "2001:db8::1"), RecordType::aaaa),
            "2001:db8::1 ttl=9");
}

TEST(DnsMessage, a_chain_of_cnames_is_followed_and_bounds_the_ttl) {
  EXPECT_EQ(told(MessageBytes("a.example", RecordType::a)
                     .a("c.example", 60, "10.0.0.1")
                     .cname("b.example", 7, "c.example")
                     .cname("a.example", 300, "b.example")
                     .a("other.example", 1, "10.9.9.9")),
            "10.0.0.1 ttl=7");
}

TEST(DnsMessage, cnames_in_a_circle_are_no_answer) {
  EXPECT_EQ(told(MessageBytes("a.example", RecordType::a)
                     .cname("a.example", 5, "b.example")
                     .cname("b.example", 5, "a.example")),
            "broken: the CNAME records do not end");
}

TEST(DnsMessage, a_negative_answer_holds_for_the_lesser_of_the_soas_ttl_and_minimum) {
  EXPECT_EQ(told(MessageBytes("no.example", RecordType::a, ns_r_nxdomain).soa(300, 60)), "NXDOMAIN ttl=60");
  EXPECT_EQ(told(MessageBytes("no.example", RecordType::a, ns_r_nxdomain).soa(20, 60)), "NXDOMAIN ttl=20");
  EXPECT_EQ(told(MessageBytes("no.example", RecordType::a).soa(20, 60)), "no data ttl=20");
  EXPECT_EQ(told(MessageBytes("no.example", RecordType::a, ns_r_nxdomain)), "NXDOMAIN");
}

TEST(DnsMessage, the_cname_that_leads_to_nothing_bounds_how_long_that_holds) {
  EXPECT_EQ(told(MessageBytes("a.example", RecordType::a).cname("a.example", 3, "b.example").soa(300, 60)),
            "no data ttl=3");
}

TEST(DnsMessage, srv_records_have_their_port_and_their_ttl) {
  EXPECT_EQ(told(MessageBytes("_pg._tcp.example", RecordType::srv)
                     .srv("_pg._tcp.example", 40, {10, 5, 5432, "one.example"})
                     .srv("_pg._tcp.example", 50, {20, 0, 5433, "two.example"}),
                 RecordType::srv),
            "one.example:5432/10/5 two.example:5433/20/0 ttl=40");
}

TEST(DnsMessage, an_srv_target_of_the_root_says_that_there_is_no_service) {
  EXPECT_EQ(told(MessageBytes("_pg._tcp.example", RecordType::srv).srv("_pg._tcp.example", 40, {0, 0, 0, ""}),
                 RecordType::srv),
            "no data");
}

TEST(DnsMessage, a_ttl_with_its_highest_bit_set_is_0) {
  EXPECT_EQ(told(MessageBytes("a.example", RecordType::a).a("a.example", 0x80000001U, "10.0.0.1")), "10.0.0.1 ttl=0");
}

TEST(DnsMessage, a_server_that_fails_is_no_answer) {
  EXPECT_EQ(told(MessageBytes("a.example", RecordType::a, ns_r_servfail)), "broken: the server answered SERVFAIL");
  EXPECT_EQ(told(MessageBytes("a.example", RecordType::a, ns_r_refused)), "broken: the server answered REFUSED");
}

TEST(DnsMessage, an_address_of_a_wrong_size_is_malformed) {
  EXPECT_EQ(told(MessageBytes("a.example", RecordType::a).answer("a.example", ns_t_a, 5, "\x0a\x01")),
            "broken: the server's message is malformed");
  EXPECT_EQ(
      told(MessageBytes("a.example", RecordType::srv).answer("a.example", ns_t_srv, 5, "\x0a\x01"), RecordType::srv),
      "broken: the server's message is malformed");
}

TEST(DnsMessage, every_beginning_of_a_message_is_malformed) {
  const std::string whole = MessageBytes("a.example", RecordType::srv)
                                .cname("a.example", 5, "b.example")
                                .srv("b.example", 40, {10, 5, 5432, "one.example"})
                                .soa(1, 2)
                                .bytes();
  ASSERT_TRUE(std::holds_alternative<Records>(read(whole, RecordType::srv)));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_TRUE(std::holds_alternative<Broken>(read(whole.substr(0, size), RecordType::srv))) << size;
}

TEST(DnsMessage, a_question_is_no_answer) {
  std::string bytes = MessageBytes("a.example", RecordType::a).a("a.example", 60, "10.0.0.2").bytes();
  bytes[2] = 0;
  EXPECT_EQ(told(read(bytes, RecordType::a)), "broken: the server's message is malformed");
}

}  // namespace
}  // namespace lastbyte::probe::dns::test
