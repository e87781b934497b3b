// nginx's lingering close in its three modes, beside lastbyte's.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/time.h"
#include "lab/experiments/experiments.h"
#include "lab/stage/proxy.h"
#include "lab/stage/stage.h"
#include "launchers/launchers.h"
#include "process/scratch.h"
#include "process/spawn.h"

namespace lastbyte::lab {
namespace {

constexpr std::size_t kPage = 20'000;
constexpr std::size_t kPiece = 5000;
/// The window is too small for the whole answer.
constexpr int kLingeringWindow = 4096;
/// Before the lingering is over, and after an answer and a close.
constexpr Duration kLate{1000};
constexpr std::size_t kPiecesFirst = 5;
constexpr Duration kEachPiece{50};
constexpr Duration kBetweenLooks{50};
constexpr Duration kGivesUp{15000};

constexpr Expectation kLingeringTable[] = {
    {"nginx off, an announced body, the client is silent",
     "all, FIN; closed after the timeout",
     {},
     "the body is discarded whatever the mode (ngx_http_discarded_request_body_handler)"},
    {"nginx off, an announced body, the client continues to send",
     "all, ECONNRESET; closed after the time",
     {},
     "no FIN while the body is discarded; then close() with unread input"},
    {"nginx off, more than announced, the client is silent", "not all, ECONNRESET; closed at once"},
    {"nginx off, more than announced, the client continues to send", "not all, ECONNRESET; closed at once"},
    {"nginx off, a whole request, the client is silent", "all, FIN; closed at once"},
    {"nginx off, a whole request, the client continues to send", "not all, ECONNRESET; closed at once"},
    {"nginx on, an announced body, the client is silent", "all, FIN; closed after the timeout"},
    {"nginx on, an announced body, the client continues to send", "all, ECONNRESET; closed after the time"},
    {"nginx on, more than announced, the client is silent", "all, FIN; closed after the timeout"},
    {"nginx on, more than announced, the client continues to send", "all, FIN; closed after the time"},
    {"nginx on, a whole request, the client is silent", "all, FIN; closed at once"},
    {"nginx on, a whole request, the client continues to send",
     "not all, ECONNRESET; closed at once",
     {},
     "nginx does not know of more input"},
    {"nginx always, an announced body, the client is silent", "all, FIN; closed after the timeout"},
    {"nginx always, an announced body, the client continues to send", "all, ECONNRESET; closed after the time"},
    {"nginx always, more than announced, the client is silent", "all, FIN; closed after the timeout"},
    {"nginx always, more than announced, the client continues to send", "all, FIN; closed after the time"},
    {"nginx always, a whole request, the client is silent", "all, FIN; closed after the timeout"},
    {"nginx always, a whole request, the client continues to send", "all, FIN; closed after the time"},
    {"lastbyte off, the server refuses the rest, the client is silent", "all, FIN; closed at once"},
    {"lastbyte off, the server refuses the rest, the client continues to send", "not all, ECONNRESET; closed at once"},
    {"lastbyte on, the server refuses the rest, the client is silent", "all, FIN; closed after the timeout"},
    {"lastbyte on, the server refuses the rest, the client continues to send", "all, FIN; closed after the time"},
    {"lastbyte always, the server refuses the rest, the client is silent", "all, FIN; closed after the time"},
    {"lastbyte always, the server refuses the rest, the client continues to send", "all, FIN; closed after the time"},
};

/// This file fills in {user}, {mode} and {files}; launchers/start.h fills in the rest. nginx counts lingering_time in
/// whole seconds of its clock, so six seconds are safely above the limit of five.
constexpr const char* kNginxServer = R"({user}pid {directory}/pid;
error_log stderr;
worker_processes 1;
events { }
http {
  access_log off;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {
    listen {listen};
    lingering_close {mode};
    lingering_timeout 2s;
    lingering_time 6s;
    client_max_body_size 1k;
    error_page 413 /page;
    location / { root {files}; }
  }
}
)";

constexpr std::array kModes{"off", "on", "always"};

struct Request {
  const char* name;
  const char* head;  ///< of the HTTP request
  std::size_t more;  ///< bytes that follow the head at once
};

// The three requests: a body that the head announces; bytes that it does not announce, as a pipelined request has them;
// nothing after the head.
constexpr std::array kNginxRequests{
    Request{"an announced body", "POST / HTTP/1.1\r\nHost: lab\r\nContent-Length: 1000000\r\n\r\n", kPiece},
    Request{"more than announced", "GET /page HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n", kPiece},
    Request{"a whole request", "GET /page HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n", 0}};

/// No timer is early by more than a tick. Each may be late on a machine under load.
std::string lingering_class(Duration time) {
  if (time < Duration(1900)) return "closed at once";
  return time < Duration(4900) ? "closed after the timeout" : "closed after the time";
}

/// Watches one connection until the server has closed it and the client has read to the end.
class Watch {
 public:
  /// Call it when the request has just been sent.
  Watch(std::string row, Socket client, bool goes_on)
      : row_(std::move(row)), client_(std::move(client)), goes_on_(goes_on), began_(Clock::now()) {}

  [[nodiscard]] const std::string& row() const { return row_; }
  [[nodiscard]] bool done() const { return (closed_ && !end_.empty()) || Clock::now() - began_ > kGivesUp; }
  [[nodiscard]] std::string text() const {
    return (got_ >= kPage ? "all, " : "not all, ") + (end_.empty() ? "no end" : end_) + "; " +
           (closed_ ? lingering_class(*closed_) : "never closed");
  }

  /// `held`: the sockets of processes on the server's host, after the last step.
  void step(Stage& stage, const std::map<Stage::Ports, std::string>& held) {
    const auto end = held.find({client_.remote().port(), client_.local().port()});
    // Waits for `answered_`: before accept(), no process has the connection either.
    if (!closed_ && answered_ && end == held.end()) {
      closed_ = elapsed();
      stage.note(Who::server, EventKind::state, lingering_class(*closed_));
    }
    // Sends only after the answer has begun: these bytes are then no part of the request.
    answered_ = answered_ || answered();
    if (goes_on_ && answered_ && elapsed() >= next_piece_) send_a_byte();
    // Reads late, so that a reset arrives before the reading begins.
    const bool ended = closed_ || (answered_ && end != held.end() && end->second != "ESTABLISHED");
    if (!reads_after_ && (ended || elapsed() > kLate)) reads_after_ = pieces_ + (goes_on_ ? kPiecesFirst : 0);
    if (reads_after_ && pieces_ >= *reads_after_) read(stage);
  }

 private:
  [[nodiscard]] Duration elapsed() const { return std::chrono::duration_cast<Duration>(Clock::now() - began_); }

  /// Whether data or the end has arrived.
  [[nodiscard]] bool answered() const {
    pollfd looked{client_.fd(), POLLIN, 0};
    return ::poll(&looked, 1, 0) == 1;
  }

  void send_a_byte() {
    ++pieces_;
    next_piece_ = elapsed() + kEachPiece;
    if (!send_failed_) send_failed_ = ::send(client_.fd(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1;
  }

  void read(Stage& stage) {
    std::array<char, 65536> data{};
    while (end_.empty()) {
      const ssize_t got = ::recv(client_.fd(), data.data(), data.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) return;
      if (got > 0) got_ += static_cast<std::size_t>(got);
      // The kernel reports an error once. If a send took it, a read that returns 0 is no FIN.
      if (got == 0) end_ = send_failed_ ? errno_name(ECONNRESET) : "FIN";
      if (got < 0) end_ = errno_name(errno);
    }
    stage.note(Who::client, EventKind::call, "reads to the end: " + std::to_string(got_) + " bytes, " + end_);
  }

  std::string row_;
  Socket client_;
  bool goes_on_;
  TimePoint began_;
  bool answered_ = false;
  std::size_t pieces_ = 0;
  std::optional<std::size_t> reads_after_;  ///< so many pieces
  Duration next_piece_{0};
  bool send_failed_ = false;
  std::size_t got_ = 0;
  std::string end_;
  std::optional<Duration> closed_;
};

void step_all(Stage& stage, std::vector<Watch>& all) {
  const auto held = stage.held(Who::server);
  for (Watch& each : all)
    if (!each.done()) each.step(stage, held);
}

void watch(Stage& stage, std::vector<Watch>& all) {
  while (!std::ranges::all_of(all, &Watch::done)) {
    step_all(stage, all);
    std::this_thread::sleep_for(kBetweenLooks);
  }
  for (const Watch& each : all) stage.see(each.row(), each.text());
}

std::string behaviour(bool goes_on) { return goes_on ? "the client continues to send" : "the client is silent"; }

/// A server in one mode, and how to send it a request.
struct Subject {
  std::string name;
  std::string why_not = {};          ///< the reason why it could not be started
  std::function<Socket()> ask = {};  ///< connects and sends the request
  bool alone = false;                ///< play the silent client in a scene of its own
};

Socket narrow_client(Stage& stage, const net::Address& to) {
  Socket client = stage.socket(Who::client);
  ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &kLingeringWindow, sizeof kLingeringWindow);
  client.connect(to);
  return client;
}

Socket ask_nginx(Stage& stage, const net::Address& server, const Request& request) {
  Socket client = narrow_client(stage, server);
  client.send_text(request.head + std::string(request.more, 'x'));
  return client;
}

/// The server behind lastbyte answers, ends its answer and refuses the rest: only lingering keeps the session open.
Socket ask_lastbyte(Stage& stage, const net::Address& proxy, Socket& listening) {
  Socket client = narrow_client(stage, proxy);
  Socket server = listening.accept();
  client.send(kPiece);
  server.wait_unread(static_cast<int>(kPiece));
  server.recv(kPiece / 2);
  server.send(kPage);
  server.shutdown(SHUT_WR);
  server.wait_acknowledged();
  server.close();
  return client;
}

class Lingering {
 public:
  explicit Lingering(Stage& stage) : stage_(stage) {}

  void play() {
    for (const char* mode : kModes) add_nginx(mode);
    for (const char* mode : kModes) add_lastbyte(mode);
    for (const Subject& each : subjects_)
      if (each.alone) play_alone(each);
    play_the_others_at_once();
  }

 private:
  void add_nginx(const std::string& mode) {
    auto running = start_nginx(mode);
    if (running) programs_.push_back(std::move(*running));
    for (const Request& request : kNginxRequests) {
      Subject subject{.name = "nginx " + mode + ", " + request.name + ", ",
                      .alone = mode != "always" && &request == &kNginxRequests[1]};
      if (running) {
        subject.ask = [this, at = programs_.back().address, &request] { return ask_nginx(stage_, at, request); };
      } else {
        subject.why_not = running.error().text();
      }
      subjects_.push_back(std::move(subject));
    }
  }

  Result<RunningProxy> start_nginx(const std::string& mode) {
    // Checks here instead of by the launchers: their nginx is a proxy and also needs the stream module.
    if (process::find_program("nginx").empty()) return failure("start nginx", ENOENT, "nginx is not installed");
    if (!files_) {
      auto made = process::ScratchDirectory::make();
      if (!made) return Failure(made.error());
      files_ = std::move(*made);
      if (auto put = write_file(files_->file("page"), std::string(kPage, 'x')); !put) return Failure(put.error());
    }
    const launchers::Form form{
        {"nginx", "-p", "{directory}", "-e", "stderr", "-c", "{config}", "-g", "daemon off;"},
        launchers::fill_in(kNginxServer,
                           {{"user", launchers::nginx_user()}, {"mode", mode}, {"files", files_->path()}})};
    return start_form(stage_, "nginx", form, stage_.address(Who::server));
  }

  void add_lastbyte(const std::string& mode) {
    Subject subject{.name = "lastbyte " + mode + ", the server refuses the rest, "};
    listeners_.push_back(std::make_unique<Socket>(stage_.listener()));
    Socket& listening = *listeners_.back();
    auto running = start_lastbyte(mode, listening.local());
    if (running) {
      programs_.push_back(std::move(*running));
      subject.ask = [this, at = programs_.back().address, &listening] { return ask_lastbyte(stage_, at, listening); };
    } else {
      subject.why_not = running.error().text();
    }
    subjects_.push_back(std::move(subject));
  }

  Result<RunningProxy> start_lastbyte(const std::string& mode, const net::Address& upstream) {
    auto form = installed_form("lastbyte");
    if (!form) return Failure(form.error());
    std::vector<std::string> more{"--linger-mode", mode};
    if (mode != "off") more.insert(more.end(), {"--linger-time", "6s"});
    if (mode == "on") more.insert(more.end(), {"--linger-timeout", "2s"});
    form->command.insert(form->command.end(), more.begin(), more.end());
    return start_form(stage_, "lastbyte", std::move(*form), upstream);
  }

  /// Registers the ports: each of these connections belongs to the new scene.
  void begin(const std::string& name) {
    stage_.scene(name);
    for (const RunningProxy& each : programs_) stage_.own_port(Who::server, each.address.port());
    for (const auto& each : listeners_) stage_.own_port(Who::server, each->local().port());
  }

  /// Plays one connection only, for the diagram.
  void play_alone(const Subject& subject) {
    std::vector<Watch> one;
    begin(subject.name + behaviour(false));
    ask(subject, false, one);
    watch(stage_, one);
  }

  void play_the_others_at_once() {
    std::vector<Watch> all;
    begin("all others at once");
    for (const Subject& each : subjects_) {
      for (const bool goes_on : {false, true}) {
        if (each.alone && !goes_on) continue;
        ask(each, goes_on, all);
        step_all(stage_, all);
      }
    }
    watch(stage_, all);
  }

  void ask(const Subject& subject, bool goes_on, std::vector<Watch>& all) {
    const std::string row = subject.name + behaviour(goes_on);
    if (subject.ask)
      all.emplace_back(row, subject.ask(), goes_on);
    else
      stage_.not_observed(row, subject.why_not);
  }

  Stage& stage_;
  std::optional<process::ScratchDirectory> files_;
  std::vector<RunningProxy> programs_;
  std::vector<std::unique_ptr<Socket>> listeners_;
  std::vector<Subject> subjects_;
};

void play_nginx_lingering(Stage& stage) { Lingering(stage).play(); }

}  // namespace

const Experiment kNginxLingering{
    .name = "nginx-lingering",
    .title = "nginx's lingering close, compared with lastbyte's",
    .question =
        "nginx answers a request and closes while the client has more to send: a body that was announced and is too "
        "large, bytes that were not announced, or nothing. Then the client is silent or continues to send. "
        "lingering_close is off, on or always, lingering_timeout 2 s, lingering_time 6 s. lastbyte has the same modes "
        "and times. The server behind it ends its answer and refuses the rest.",
    .table = kLingeringTable,
    .finding =
        "Lingering saves the answer: nginx sends its FIN, discards further input, and closes after lingering_timeout "
        "without data, or after lingering_time in total. With off, bytes that no body announced cause a reset, and the "
        "reset destroys the answer. nginx discards an announced body in every mode, but it sends no FIN until it "
        "closes. With on, nginx lingers only if it knows of more input, and loses the answer if the client sends more "
        "only later. With always, it lingers in every case. lastbyte needs no protocol: a client may send until its "
        "FIN has come, so on saves the answer in every case. With always, lastbyte waits for the whole time.",
    .advice =
        "Leave lingering_close at on, or set always; off loses answers. A proxy in front of nginx must linger towards "
        "its own clients as well. lastbyte's linger.mode is on by default (T6).",
    .play = play_nginx_lingering,
};

}  // namespace lastbyte::lab
