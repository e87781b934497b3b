#include "console/top/source.h"

#include <algorithm>
#include <cerrno>

#include "admin/client/client.h"
#include "console/print.h"

namespace lastbyte::console {

Result<Picture> picture_of(const admin::Answer& status, const admin::Answer& sessions) {
  for (const admin::Answer* each : {&status, &sessions}) {
    if (each->status == 200) continue;
    return failure("the instance answers " + std::to_string(each->status), each->status == 400 ? EBADRQC : 0,
                   error_text(each->body));
  }
  auto first = parse_status(status.body);
  if (!first) return Failure(first.error());
  auto second = parse_sessions(sessions.body);
  if (!second) return Failure(second.error());
  return Picture{.status = std::move(*first), .sessions = std::move(*second)};
}

Result<std::string> Source::path() {
  if (path_) return *path_;
  auto found = admin::find_socket(given_);
  if (found) path_ = *found;
  return found;
}

Result<void> Source::ask(const admin::ClientRequest& sessions, SourceTime now) {
  status_.reset();
  sessions_.reset();
  const auto at = path();
  if (!at) return Failure(at.error());
  auto first = admin::Exchange::begin(*at, {.target = "/v1/status"});
  auto second = first ? admin::Exchange::begin(*at, sessions) : Result<admin::Exchange>(Failure(first.error()));
  if (!second) {
    path_.reset();
    return Failure(second.error());
  }
  status_.emplace(Asked{std::move(*first)});
  sessions_.emplace(Asked{std::move(*second)});
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
  for (const auto* each : {&status_, &sessions_})
    if (*each && !(*each)->answer)
      polled.push_back({.fd = (*each)->exchange.fd(), .events = (*each)->exchange.events(), .revents = 0});
  if (order_) polled.push_back({.fd = order_->fd(), .events = order_->events(), .revents = 0});
}

SourceTime Source::gives_up_at() const {
  return std::min(status_ ? asked_until_ : SourceTime::max(), order_ ? order_until_ : SourceTime::max());
}

std::optional<Result<Picture>> Source::go_on(SourceTime now) {
  if (!status_) return std::nullopt;
  for (auto* each : {&status_, &sessions_})
    if (!(*each)->answer) (*each)->answer = (*each)->exchange.go_on();
  const auto given_up = [this](Error error) {
    status_.reset();
    sessions_.reset();
    path_.reset();
    return Result<Picture>(Failure(std::move(error)));
  };
  for (const auto* each : {&status_, &sessions_})
    if ((*each)->answer && !*(*each)->answer) return given_up((*each)->answer->error());
  if (status_->answer && sessions_->answer) {
    auto picture = picture_of(**status_->answer, **sessions_->answer);
    status_.reset();
    sessions_.reset();
    return picture;
  }
  if (now < asked_until_) return std::nullopt;
  return given_up(failure("read the answer of unix:" + path_.value_or(""), ETIMEDOUT,
                          "none came within " + std::to_string(kPatience.count()) + " s")
                      .value());
}

std::optional<Result<admin::Answer>> Source::order_done(SourceTime now) {
  if (!order_) return std::nullopt;
  auto answer = order_->go_on();
  if (!answer && now >= order_until_)
    answer = failure("end the session", ETIMEDOUT, "no answer came; look whether it is still there");
  if (answer) order_.reset();
  return answer;
}

}  // namespace lastbyte::console
