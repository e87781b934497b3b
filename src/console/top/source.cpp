#include "console/top/source.h"

#include <algorithm>
#include <cerrno>

#include "admin/client/client.h"
#include "console/print.h"

namespace lastbyte::console {

namespace {

/// The body of an answer that is none of an error.
Result<std::string> body_of(admin::Answer answer) {
  if (answer.status == 200) return std::move(answer.body);
  return failure("the instance answers " + std::to_string(answer.status), answer.status == 400 ? EBADRQC : 0,
                 error_text(answer.body));
}

}  // namespace

Result<std::string> Source::path() {
  if (path_) return *path_;
  auto found = admin::find_socket(given_);
  if (found) path_ = *found;
  return found;
}

void Source::give_up() {
  asks_ = false;
  status_exchange_.reset();
  page_exchange_.reset();
  status_.reset();
  pages_ = {};
}

Result<void> Source::ask(const SessionsRequest& sessions, SourceTime now) {
  give_up();
  const auto at = path();
  if (!at) return Failure(at.error());
  auto status = admin::Exchange::begin(*at, {.target = "/v1/status"});
  auto page =
      status ? admin::Exchange::begin(*at, sessions.page_after(0)) : Result<admin::Exchange>(Failure(status.error()));
  if (!page) {
    path_.reset();
    return Failure(page.error());
  }
  status_exchange_.emplace(std::move(*status));
  page_exchange_.emplace(std::move(*page));
  request_ = sessions;
  asks_ = true;
  asked_until_ = now + kPatience;
  return {};
}

bool Source::order(const admin::ClientRequest& request, SourceTime now) {
  if (order_ || !path_) return false;
  auto begun = admin::Exchange::begin(*path_, request);
  if (!begun) return false;
  order_.emplace(std::move(*begun));
  order_until_ = now + kPatience;
  return true;
}

void Source::add_to(std::vector<pollfd>& polled) const {
  for (const auto* each : {&status_exchange_, &page_exchange_, &order_})
    if (*each) polled.push_back({.fd = (*each)->fd(), .events = (*each)->events(), .revents = 0});
}

SourceTime Source::gives_up_at() const {
  return std::min(asks_ ? asked_until_ : SourceTime::max(), order_ ? order_until_ : SourceTime::max());
}

/// A whole page. If it is not the last one, the next one is asked for.
Result<void> Source::take_page() {
  const auto answer = page_exchange_->go_on();
  if (!answer) return {};
  page_exchange_.reset();
  if (!*answer) return Failure(answer->error());
  const auto body = body_of(**answer);
  if (!body) return Failure(body.error());
  auto page = parse_sessions(*body);
  if (!page) return Failure(page.error());
  if (auto added = pages_.add(std::move(*page)); !added || pages_.complete()) return added;
  auto next = admin::Exchange::begin(*path_, request_.page_after(pages_.last()));
  if (!next) return Failure(next.error());
  page_exchange_.emplace(std::move(*next));
  return {};
}

/// True: all is there.
Result<bool> Source::take_what_came() {
  if (status_exchange_) {
    if (const auto answer = status_exchange_->go_on()) {
      status_exchange_.reset();
      if (!*answer) return Failure(answer->error());
      const auto body = body_of(**answer);
      if (!body) return Failure(body.error());
      auto status = parse_status(*body);
      if (!status) return Failure(status.error());
      status_ = std::move(*status);
    }
  }
  if (page_exchange_)
    if (auto taken = take_page(); !taken) return Failure(taken.error());
  return status_ && pages_.complete();
}

std::optional<Result<Picture>> Source::go_on(SourceTime now) {
  if (!asks_) return std::nullopt;
  const std::uint64_t before = pages_.last();
  const auto whole = take_what_came();
  if (pages_.last() != before) asked_until_ = now + kPatience;  // for each page
  if (whole && *whole) {
    Picture picture{.status = std::move(*status_), .sessions = pages_.take()};
    give_up();
    return picture;
  }
  if (whole && now < asked_until_) return std::nullopt;
  Error error = whole ? failure("read the answer of unix:" + path_.value_or(""), ETIMEDOUT,
                                "no answer came within " + std::to_string(kPatience.count()) + " s")
                            .value()
                      : whole.error();
  give_up();
  // An instance that answers still exists, so its path is kept.
  if (error.code != EBADRQC && error.code != ESTALE) path_.reset();
  return Result<Picture>(Failure(std::move(error)));
}

std::optional<Result<admin::Answer>> Source::order_done(SourceTime now) {
  if (!order_) return std::nullopt;
  auto answer = order_->go_on();
  if (!answer && now >= order_until_)
    answer = failure("end the session", ETIMEDOUT, "no answer came; check whether the session still exists");
  if (answer) order_.reset();
  return answer;
}

}  // namespace lastbyte::console
