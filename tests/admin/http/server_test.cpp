// Tests the HTTP server against clients that break the rules.
#include "admin/http/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "admin/http/outlet.h"
#include "net/socket/calls.h"
#include "net/tcp/listen.h"
#include "tests/harness/eventually.h"
#include "tests/harness/http.h"

namespace lastbyte::admin {
namespace {

using std::chrono::milliseconds;
using test::connect_to;
using test::eventually;
using test::http;
using test::parse_answer;
using test::read_all;
using test::send_all;

/// A server with one door on a port that the kernel chose.
class Served {
 public:
  explicit Served(Handler handler, Limits limits = {}, std::size_t connections = 16) {
    auto made = net::listen_tcp(*net::Address::parse("127.0.0.1", 0), {}, 1);
    EXPECT_TRUE(made);
    at_ = net::local_address(made->front().get());
    server_.add(
        {.listening = std::move(*made), .handler = std::move(handler), .connections = connections, .limits = limits});
    EXPECT_TRUE(server_.start());
  }
  [[nodiscard]] const net::Address& at() const { return at_; }

 private:
  net::Address at_;
  Server server_;
};

constexpr std::string_view kStream = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";

void echo(const Request& request, const Respond& respond) {
  respond(text_response(200, request.method + " " + request.path + " " + request.body));
}

/// /stream begins a stream and sends only one line.
void stream_or_echo(const Request& request, const Respond& respond) {
  if (request.path != "/stream") return echo(request, respond);
  Response response;
  response.type = "application/x-ndjson";
  response.stream = [](const std::shared_ptr<Outlet>& outlet) { outlet->send("begun\n"); };
  respond(std::move(response));
}

TEST(HttpServer, requests_that_come_together_are_answered_in_their_order) {
  Served served(echo);
  const Descriptor client = connect_to(served.at());
  send_all(client,
           "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
           "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = read_all(client);
  const std::size_t first = all.find("GET /1 ");
  const std::size_t second = all.find("POST /2 abc");
  const std::size_t third = all.find("GET /3 ");
  EXPECT_TRUE(first < second && second < third && third != std::string::npos) << all;
}

TEST(HttpServer, T6_a_client_that_ends_its_side_gets_the_whole_answer) {
  Served served(
      [](const Request&, const Respond& respond) { respond(text_response(200, std::string(1'000'000, 'x'))); });
  const Descriptor client = connect_to(served.at());
  send_all(client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(parse_answer(read_all(client)).body.size(), 1'000'000U);
}

TEST(HttpServer, a_request_that_is_too_large_is_answered_and_the_answer_is_not_reset) {
  Served served(echo);
  const auto answer_to = [&](const std::string& request) {
    const Descriptor client = connect_to(served.at());
    send_all(client, request);
    return parse_answer(read_all(client));
  };
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n").status, 431);
  EXPECT_EQ(answer_to("POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + std::string(40'000, 'x')).status, 413);
  EXPECT_EQ(
      answer_to("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + std::string(0x20000, 'x')).status,
      413);
}

TEST(HttpServer, what_is_no_request_is_answered_with_400) {
  Served served(echo);
  for (const std::string wrong :
       {"\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET * HTTP/1.1\r\n\r\n",
        "GET /%zz HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    const Descriptor client = connect_to(served.at());
    send_all(client, wrong);
    ::shutdown(client.get(), SHUT_WR);
    EXPECT_EQ(parse_answer(read_all(client)).status, 400) << wrong;
  }
  EXPECT_EQ(http(served.at(), "GET", "/").status, 200) << "the server continues";
}

TEST(HttpServer, a_request_that_does_not_come_in_time_ends_its_connection) {
  Served served(echo, {.request = milliseconds(50)});
  const Descriptor silent = connect_to(served.at());
  const Descriptor slow = connect_to(served.at());
  send_all(slow, "GET / HTTP/1.1\r\nHost:");
  EXPECT_EQ(read_all(silent), "");
  EXPECT_EQ(read_all(slow), "");
}

TEST(HttpServer, a_new_client_takes_the_place_of_the_one_that_has_been_idle_the_longest) {
  Served served(echo, {.request = milliseconds(20'000)}, 2);
  const Descriptor first = connect_to(served.at());
  const Descriptor second = connect_to(served.at());
  send_all(first, "GET /a-part-of-a-request");
  EXPECT_EQ(http(served.at(), "GET", "/new").status, 200);
  EXPECT_EQ(parse_answer(read_all(first)).status, 0) << "it made room";
  send_all(second, "GET /old HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(parse_answer(read_all(second)).status, 200);
}

TEST(HttpServer, a_handler_that_does_not_answer_in_time_is_answered_for) {
  Served served([](const Request&, const Respond&) {}, {.response = milliseconds(50)});
  EXPECT_EQ(http(served.at(), "GET", "/").status, 503);
}

TEST(HttpServer, a_client_that_resets_harms_nobody) {
  Served served(echo);
  for (int each = 0; each < 50; ++each) {
    Descriptor client = connect_to(served.at());
    send_all(client, each % 2 == 0 ? "GET / HTTP/1.1\r\n" : "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    net::reset_and_close(client);
  }
  EXPECT_EQ(http(served.at(), "GET", "/").status, 200);
}

TEST(HttpServer, HEAD_has_the_length_and_no_body) {
  Served served(echo);
  const auto answer = http(served.at(), "HEAD", "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Length"), "7");
  EXPECT_EQ(answer.body, "");
}

TEST(HttpServer, a_stream_keeps_no_more_than_its_bound_for_a_client_that_does_not_read) {
  std::atomic<std::size_t> taken{0};
  std::atomic<bool> done{false};
  Served served([&](const Request&, const Respond& respond) {
    Response response;
    response.type = "application/x-ndjson";
    response.stream = [&](const std::shared_ptr<Outlet>& outlet) {
      const std::string line(1000, 'x');
      for (int each = 0; each < 100'000; ++each) taken += outlet->send(line) ? line.size() : 0;
      done = true;
    };
    respond(std::move(response));
  });
  const Descriptor client = connect_to(served.at());
  send_all(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  std::array<char, 1> byte{};
  EXPECT_EQ(::recv(client.get(), byte.data(), 1, 0), 1);
  while (!done) std::this_thread::yield();
  EXPECT_LE(taken, 2 * Outlet::kMost);
  EXPECT_GE(taken, Outlet::kMost / 2);
}

/// The client takes small parts of a response: each within the time limit, all together not.
TEST(HttpServer, a_response_takes_as_long_as_its_client_goes_on_reading) {
  constexpr std::size_t kSize = 40'000'000;  // far more than the kernel's buffers hold
  const Limits limits{.write = milliseconds(1'500)};
  Served served([](const Request&, const Respond& respond) { respond(text_response(200, std::string(kSize, 'x'))); },
                limits);
  const Descriptor client = connect_to(served.at());
  send_all(client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  std::size_t got = 0;
  std::vector<char> part(800'000);
  for (ssize_t size = 1; size > 0; got += static_cast<std::size_t>(std::max<ssize_t>(size, 0))) {
    std::this_thread::sleep_for(milliseconds(60));
    size = ::recv(client.get(), part.data(), part.size(), 0);
  }
  EXPECT_GT(got, kSize);
}

TEST(HttpServer, a_client_that_reads_nothing_of_its_response_is_given_up) {
  constexpr std::size_t kSize = 30'000'000;
  const Limits limits{.write = milliseconds(50)};
  Served served([](const Request&, const Respond& respond) { respond(text_response(200, std::string(kSize, 'x'))); },
                limits);
  // On a busy machine the server may notice too late: another client tries again.
  EXPECT_TRUE(eventually([&] {
    const Descriptor client = connect_to(served.at());
    send_all(client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    std::this_thread::sleep_for(10 * limits.write);
    return read_all(client).size() < kSize;
  }));
}

TEST(HttpServer, streams_have_half_of_a_doors_places) {
  Served served(stream_or_echo, {}, 4);
  std::array<Descriptor, 2> streams;
  for (Descriptor& each : streams) {
    each = connect_to(served.at());
    send_all(each, std::string(kStream));
    std::array<char, 1> byte{};
    EXPECT_EQ(::recv(each.get(), byte.data(), 1, 0), 1);
  }
  EXPECT_EQ(http(served.at(), "GET", "/stream").status, 503);
  EXPECT_EQ(http(served.at(), "GET", "/").status, 200);
}

TEST(HttpServer, a_stream_whose_client_has_closed_makes_room_though_nothing_is_sent) {
  Served served(stream_or_echo, {}, 1);
  // The last client's place becomes free a moment after its FIN. A client that comes earlier is closed.
  const auto begins = [&] {
    const Descriptor client = connect_to(served.at());
    ::send(client.get(), kStream.data(), kStream.size(), MSG_NOSIGNAL);
    std::string got;
    std::array<char, 4096> part{};
    for (ssize_t size = 1; size > 0 && got.find("begun") == std::string::npos;) {
      size = ::recv(client.get(), part.data(), part.size(), 0);
      if (size > 0) got.append(part.data(), static_cast<std::size_t>(size));
    }
    return got.find("begun") != std::string::npos;
  };
  for (int each = 0; each < 3; ++each) EXPECT_TRUE(eventually(begins)) << each;
}

}  // namespace
}  // namespace lastbyte::admin
