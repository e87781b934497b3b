#include "console/top/top.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <ctime>
#include <thread>

#include "admin/client/client.h"
#include "console/print.h"
#include "console/top/layout.h"
#include "console/top/source.h"
#include "console/top/terminal.h"

namespace lastbyte::console {
namespace {

using TopClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

volatile sig_atomic_t stopped = 0;

/// Signals are handled only while ppoll(2) waits, so none is missed. ncurses has a handler of its own for SIGWINCH.
class Signals {
 public:
  Signals() {
    struct sigaction action{};
    action.sa_handler = [](int) { stopped = 1; };
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGWINCH);
    for (const int each : kStops) {
      ::sigaction(each, &action, nullptr);
      sigaddset(&held, each);
    }
    ::sigprocmask(SIG_BLOCK, &held, &while_waiting_);
    for (const int each : kStops) sigdelset(&while_waiting_, each);
    sigdelset(&while_waiting_, SIGWINCH);
  }
  [[nodiscard]] const sigset_t* while_waiting() const { return &while_waiting_; }

 private:
  static constexpr std::array kStops{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  sigset_t while_waiting_{};
};

std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
  return text.data();
}

timespec until(TopClock::time_point at) {
  const auto left = std::clamp<std::chrono::nanoseconds>(at - TopClock::now(), milliseconds(0), std::chrono::hours(1));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  return {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
}

/// Blocks until the first picture has arrived.
Result<Picture> first_picture(Source& source, const SessionsRequest& sessions) {
  if (auto asked = source.ask(sessions, TopClock::now()); !asked) return Failure(asked.error());
  for (;;) {
    if (auto picture = source.go_on(TopClock::now())) return std::move(*picture);
    std::vector<pollfd> polled;
    source.add_to(polled);
    const timespec left = until(source.gives_up_at());
    ::ppoll(polled.data(), polled.size(), &left, nullptr);
  }
}

/// Reports a filter that the instance rejects in the instance's words only.
Failure told(const Error& error) {
  return error.code == EBADRQC ? failure("--filter", 0, error.detail) : Failure(error);
}

void take(View& view, Result<Picture> picture) {
  if (picture) return view.took(std::move(picture->status), std::move(picture->sessions));
  if (picture.error().code == EBADRQC) return view.tell(picture.error().detail, true);
  view.lost("trying again: " + picture.error().text());
}

class Screenplay {
 public:
  Screenplay(const TopOptions& options, Source& source, View& view, Terminal& terminal)
      : options_(options),
        source_(source),
        view_(view),
        terminal_(terminal),
        due_(TopClock::now() + options.interval) {}

  void run(const Signals& signals) {
    while (!stopped && !quits_) {
      const Screen screen = terminal_.screen();
      page_ = page_of(screen);
      terminal_.draw(screen_of(view_, screen, time_of_day()));
      std::vector<pollfd> polled{{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}};
      source_.add_to(polled);
      const timespec left = until(std::min(source_.asks() ? TopClock::time_point::max() : due_, source_.gives_up_at()));
      const int ready = ::ppoll(polled.data(), polled.size(), &left, signals.while_waiting());
      if (ready > 0 && (polled.front().revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return;  // the terminal has gone
      while (const auto key = terminal_.key()) obey(view_.press(*key, page_));
      go_on();
    }
  }

 private:
  void obey(const Wish& wish) {
    switch (wish.what) {
      case Wish::What::nothing: return;
      case Wish::What::quit: quits_ = true; return;
      case Wish::What::ask: ask(); return;
      case Wish::What::end:
        if (!source_.order(wish.request, TopClock::now()))
          view_.tell("not done: an order is under way, or the instance does not answer", true);
        return;
    }
  }

  void ask() {
    due_ = TopClock::now() + options_.interval;
    if (auto asked = source_.ask(view_.request(), TopClock::now()); !asked) take(view_, Failure(asked.error()));
  }

  void go_on() {
    if (auto picture = source_.go_on(TopClock::now())) take(view_, std::move(*picture));
    if (const auto answer = source_.order_done(TopClock::now())) {
      if (!*answer) {
        view_.tell(answer->error().text(), true);
      } else if ((*answer)->status >= 300) {
        view_.tell(error_text((*answer)->body), true);
      } else {
        view_.tell("done", false);
      }
      ask();
    }
    if (!source_.asks() && TopClock::now() >= due_) ask();
  }

  const TopOptions& options_;
  Source& source_;
  View& view_;
  Terminal& terminal_;
  TopClock::time_point due_;
  std::size_t page_ = 0;
  bool quits_ = false;
};

/// Rates need two readings, so the first picture is printed after an interval.
Result<void> run_batch(const TopOptions& options, Source& source, View& view) {
  auto due = TopClock::now();
  for (unsigned made = 0; !options.count || made < *options.count; ++made) {
    due = std::max(due + options.interval, TopClock::now());
    std::this_thread::sleep_until(due);
    auto picture = first_picture(source, view.request());
    if (!picture && options.count == 1) return told(picture.error());
    if (!picture) {
      std::fprintf(stderr, "lastbyte top: %s\n", picture.error().text().c_str());
      continue;
    }
    take(view, std::move(picture));
    std::fputs(((made == 0 ? "" : "\n") + text_of(view, time_of_day())).c_str(), stdout);
    if (std::fflush(stdout) != 0) return {};  // main() reports it
  }
  return {};
}

}  // namespace

Result<void> run_top(const TopOptions& options) {
  Source source(options.socket);
  View view(options.sort, options.reversed, options.filter);
  auto first = first_picture(source, view.request());
  if (!first) return told(first.error());
  take(view, std::move(first));
  if (options.batch) return run_batch(options, source, view);
  std::setlocale(LC_CTYPE, "");
  const Signals signals;
  auto terminal = Terminal::open();
  if (!terminal) return Failure(terminal.error());
  Screenplay(options, source, view, *terminal).run(signals);
  return {};
}

}  // namespace lastbyte::console
