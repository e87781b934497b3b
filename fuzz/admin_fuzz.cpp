// Anybody may send anything to the doors for operators, in any pieces. Each answer must be HTTP, the connection must
// end, and nobody may change anything without the token.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/api/api.h"
#include "admin/door/doors.h"
#include "admin/http/connection.h"
#include "base/descriptor.h"
#include "require.h"
#include "tests/admin/no_daemon.h"

namespace {

using namespace lastbyte;
using namespace lastbyte::admin;
using lastbyte::fuzz::require;

constexpr std::string_view kToken = "0123456789abcdef";

/// Checks that each answer can be parsed. The last one may be a stream, or cut off by the end of the connection.
/// `heads` says which requests were HEAD: their answers have the length of a body but no body.
void check_answers(std::string_view bytes, const std::vector<bool>& heads) {
  namespace http = boost::beast::http;
  for (std::size_t number = 0; !bytes.empty(); ++number) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    parser.skip(number < heads.size() && heads[number]);
    parser.eager(true);
    boost::beast::error_code error;
    const std::size_t used = parser.put(boost::asio::buffer(bytes), error);
    if (error == http::error::need_more) return;
    require(!error, "each answer is HTTP");
    const unsigned status = parser.get().result_int();
    constexpr std::array<unsigned, 13> kKnown{200, 204, 304, 400, 401, 403, 404, 405, 409, 413, 429, 431, 503};
    require(std::ranges::find(kKnown, status) != kKnown.end(), "the status is one that openapi.yaml names");
    if (!parser.is_done()) return;
    bytes.remove_prefix(used);
  }
}

struct Scene {
  boost::asio::io_context io{1};
  NoDaemon daemon{[this](std::function<void()> work) { boost::asio::post(io, std::move(work)); }};
  Api api{daemon};
  Guard guard{std::string(kToken)};
  Handler doors[2] = {admin_handler(api, guard), dashboard_handler(api, guard)};
};

void play(Scene& scene, std::string_view bytes, std::uint8_t choice) {
  std::array<int, 2> pair{};
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) == 0, "there is a socket");
  const Descriptor client(pair[0]);
  const bool by_tcp = (choice & 1U) != 0;
  std::vector<bool> heads;
  const Handler handler = [&](Request request, const Respond& respond) {
    heads.push_back(request.method == "HEAD");
    if (by_tcp) request.peer.reset();
    scene.doors[(choice >> 1U) & 1U](std::move(request), respond);
  };
  const Limits limits;
  Connection::Stream stream(scene.io.get_executor());
  stream.socket().assign(boost::asio::generic::stream_protocol(AF_UNIX, 0), pair[1]);
  bool gone = false;
  std::make_shared<Connection>(std::move(stream), handler, limits,
                               Connection::Callbacks{.gone = [&](Connection&) { gone = true; },
                                                     .may_stream = [&] { return (choice & 4U) != 0; }})
      ->start();
  const std::size_t part = std::size_t{1} << ((choice >> 3U) & 15U);
  std::string answers;
  std::array<char, 65536> room{};
  for (int idle = 0; !gone && idle < 1000; ++idle) {
    if (!bytes.empty()) {
      const ssize_t sent = ::send(client.get(), bytes.data(), std::min(part, bytes.size()), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
        idle = 0;
      } else if (errno != EAGAIN) {
        bytes = {};
      }
      if (bytes.empty()) ::shutdown(client.get(), SHUT_WR);
    }
    scene.io.restart();
    if (scene.io.poll() > 0) idle = 0;
    for (ssize_t got = 1; got > 0;) {
      got = ::recv(client.get(), room.data(), room.size(), 0);
      if (got > 0) answers.append(room.data(), static_cast<std::size_t>(got));
    }
  }
  require(gone, "the connection ends with its client");
  for (ssize_t got = 1; got > 0;) {
    got = ::recv(client.get(), room.data(), room.size(), 0);
    if (got > 0) answers.append(room.data(), static_cast<std::size_t>(got));
  }
  check_answers(answers, heads);
  scene.io.restart();
  scene.io.poll();
}

}  // namespace

// libFuzzer calls it so. NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Scene scene;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);  // NOLINT: the same bytes as text
  scene.daemon.changes = 0;
  play(scene, bytes, data[0]);
  const bool by_tcp = (data[0] & 1U) != 0;
  require(!by_tcp || bytes.find(kToken) != std::string_view::npos || scene.daemon.changes == 0,
          "without the token nobody changes anything");
  scene.api.deliver_events();  // drops readers that have gone
  return 0;
}
