#include "console/top/view.h"

#include <algorithm>
#include <utility>

#include "admin/client/client.h"
#include "console/text.h"

namespace lastbyte::console {
namespace {

constexpr std::array<std::string_view, 4> kFilterParameters{"forwarding", "client", "upstream", "state"};
constexpr std::size_t kLongestFilter = 200;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// Returns the value that rows are compared by; the largest comes first.
double weight(const SessionRow& row, SortKey key) {
  const SessionReading& session = row.session;
  const double half_close = session.half_close_age_us ? static_cast<double>(*session.half_close_age_us) : -1;
  switch (key) {
    case SortKey::rate: return row.rate ? (*row.rate)[0] + (*row.rate)[1] : -1;
    case SortKey::half_close: return half_close;
    case SortKey::unacknowledged: return static_cast<double>(session.unacknowledged);
    case SortKey::lingering: return session.state == "lingering" ? 4e15 + half_close : half_close;
    case SortKey::age: return static_cast<double>(session.age_us);
    case SortKey::idle: return static_cast<double>(session.idle_us);
    case SortKey::id: return static_cast<double>(session.id);
  }
  return 0;
}

std::string utf8(char32_t character) {
  const auto code = static_cast<std::uint32_t>(character);
  const auto tail = [code](unsigned shift) { return static_cast<char>(0x80U | (code >> shift & 0x3fU)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xc0U | code >> 6U), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xe0U | code >> 12U), tail(6), tail(0)};
  return {static_cast<char>(0xf0U | code >> 18U), tail(12), tail(6), tail(0)};
}

}  // namespace

std::optional<SortKey> sort_key(std::string_view word) {
  const auto* found = std::ranges::find(kSortWords, word, &SortWord::word);
  return found == kSortWords.end() ? std::nullopt : std::optional(found->key);
}

std::string sort_words(std::string_view between) {
  std::string all;
  for (const SortWord& each : kSortWords) all += (all.empty() ? "" : std::string(between)) + std::string(each.word);
  return all;
}

bool stands_before(const SessionRow& a, const SessionRow& b, SortKey key) {
  const double first = weight(a, key);
  const double second = weight(b, key);
  return first != second ? first > second : a.session.id < b.session.id;
}

bool Filter::lets_through(const SessionReading& session) const {
  if (words.empty()) return true;
  const std::string all = lower(std::to_string(session.id) + " " + session.forwarding + " " + session.state + " " +
                                session.client + " " + session.upstream + " " + session.deadline);
  return std::ranges::all_of(words, [&](const std::string& each) { return all.find(each) != std::string::npos; });
}

Filter parse_filter(std::string_view text) {
  Filter filter;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const std::string_view name = word.substr(0, word.find('='));
    if (name.size() < word.size() && std::ranges::find(kFilterParameters, name) != kFilterParameters.end()) {
      if (name.size() + 1 < word.size()) filter.parameters.emplace_back(name, word.substr(name.size() + 1));
    } else {
      filter.words.push_back(lower(word));
    }
  }
  return filter;
}

SessionsRequest sessions_request(const Filter& filter) {
  SessionsRequest request;
  for (const auto& [name, value] : filter.parameters) request.filters += "&" + name + "=" + admin::encoded(value);
  return request;
}

View::View(SortKey sort, bool reversed, std::string filter)
    : sort_(sort), reversed_(reversed), filter_text_(std::move(filter)), filter_(parse_filter(filter_text_)) {}

void View::took(StatusReading status, SessionsReading sessions) {
  why_lost_.clear();
  const bool same = status_ && status_->instance == status.instance && instance_ == sessions.instance;
  if (paused_ && same) return;
  paused_ = false;  // another process may reuse session numbers: the old picture must not end its sessions
  const std::int64_t elapsed = same ? status.uptime_us - status_->uptime_us : 0;
  rates_ = same ? console::rates(*status_, status) : std::nullopt;
  if (!same) {
    selected_id_.reset();
    if (mode_ == Mode::confirm) mode_ = Mode::list;
  }
  instance_ = std::move(sessions.instance);
  matched_ = sessions.matched;
  visible_.clear();
  rows_ = rows_of(std::move(sessions), same ? &rows_ : nullptr, elapsed);
  status_ = std::move(status);
  arrange();
}

void View::lost(std::string why) { why_lost_ = std::move(why); }

void View::tell(std::string message, bool is_error) {
  message_ = std::move(message);
  message_is_error_ = is_error;
}

void View::arrange() {
  visible_.clear();
  for (const SessionRow& row : rows_)
    if (filter_.lets_through(row.session)) visible_.push_back(&row);
  std::ranges::sort(visible_, [this](const SessionRow* a, const SessionRow* b) {
    return reversed_ ? stands_before(*b, *a, sort_) : stands_before(*a, *b, sort_);
  });
  const auto found =
      selected_id_ ? std::ranges::find(visible_, *selected_id_, [](const SessionRow* each) { return each->session.id; })
                   : visible_.end();
  if (found != visible_.end()) {
    selected_ = static_cast<std::size_t>(found - visible_.begin());
  } else if (selected_id_) {
    move_to(selected_);  // the session has ended: select the one in its place
  } else {
    selected_ = 0;
  }
}

/// The first line selects no session of its own: it stays on whichever is first.
void View::move_to(std::size_t index) {
  selected_ = visible_.empty() ? 0 : std::min(index, visible_.size() - 1);
  selected_id_.reset();
  if (selected_ > 0) selected_id_ = visible_[selected_]->session.id;
}

std::size_t View::first_of_page(std::size_t page) {
  const std::size_t last_first = visible_.size() > page ? visible_.size() - page : 0;
  if (selected_ < first_) first_ = selected_;
  if (page > 0 && selected_ >= first_ + page) first_ = selected_ - page + 1;
  first_ = std::min(first_, last_first);
  return first_;
}

Wish View::press(const Key& key, std::size_t page) {
  message_.clear();
  switch (mode_) {
    case Mode::list: return press_in_list(key, page);
    case Mode::filter: return press_in_filter(key);
    case Mode::confirm: return press_in_confirm(key);
    case Mode::help: mode_ = Mode::list; return {};
  }
  return {};
}

Wish View::press_in_list(const Key& key, std::size_t page) {
  switch (key.name) {
    case Key::Name::character: return letter(key.character, page);
    case Key::Name::up: move_to(selected_ - std::min<std::size_t>(selected_, 1)); return {};
    case Key::Name::down: move_to(selected_ + 1); return {};
    case Key::Name::page_up: move_to(selected_ - std::min(selected_, page)); return {};
    case Key::Name::page_down: move_to(selected_ + page); return {};
    case Key::Name::home: move_to(0); return {};
    case Key::Name::end: move_to(visible_.size()); return {};
    case Key::Name::escape: return filter_text_.empty() ? (move_to(0), Wish{}) : filter_by("");
    case Key::Name::enter:
    case Key::Name::backspace: return {};
  }
  return {};
}

Wish View::letter(char32_t character, std::size_t page) {
  for (const SortWord& each : kSortWords)
    if (character == static_cast<char32_t>(each.letter)) return order_by(each.key);
  switch (character) {
    case U'q': return {.what = Wish::What::quit};
    case U'?': mode_ = Mode::help; return {};
    case U'p': paused_ = !paused_; return {};
    case U'j': return press_in_list({.name = Key::Name::down}, page);
    case U'k': return press_in_list({.name = Key::Name::up}, page);
    case U' ': return press_in_list({.name = Key::Name::page_down}, page);
    case U'g': return press_in_list({.name = Key::Name::home}, page);
    case U'G': return press_in_list({.name = Key::Name::end}, page);
    case U'c': question_for(false); return {};
    case U'x': question_for(true); return {};
    case U'R':
      reversed_ = !reversed_;
      arrange();
      return {};
    case U'/':
      mode_ = Mode::filter;
      draft_ = filter_text_;
      return {};
    default: tell("no such key; ? lists them", false); return {};
  }
}

Wish View::order_by(SortKey sort) {
  sort_ = sort;
  arrange();
  return {};
}

Wish View::filter_by(std::string text) {
  filter_text_ = std::move(text);
  filter_ = parse_filter(filter_text_);
  arrange();
  return {.what = Wish::What::ask};
}

Wish View::press_in_filter(const Key& key) {
  constexpr char32_t kEraseLine = 0x15;  // ^U
  switch (key.name) {
    case Key::Name::enter: mode_ = Mode::list; return filter_by(draft_);
    case Key::Name::escape: mode_ = Mode::list; return {};
    case Key::Name::backspace:
      while (!draft_.empty() && (static_cast<unsigned char>(draft_.back()) & 0xc0U) == 0x80U) draft_.pop_back();
      if (!draft_.empty()) draft_.pop_back();
      return {};
    case Key::Name::character:
      if (key.character == kEraseLine) draft_.clear();
      if (key.character >= U' ' && draft_.size() < kLongestFilter) draft_ += utf8(key.character);
      return {};
    case Key::Name::up:
    case Key::Name::down:
    case Key::Name::page_up:
    case Key::Name::page_down:
    case Key::Name::home:
    case Key::Name::end: return {};
  }
  return {};
}

void View::question_for(bool reset) {
  if (visible_.empty()) return tell("there is no session", false);
  if (!why_lost_.empty()) return tell("the instance does not answer", true);
  const SessionReading& session = visible_[selected_]->session;
  const std::string id = std::to_string(session.id);
  question_ = (reset ? "Reset session " : "Close session ") + id + "? y/n  (" + session.client + " to " +
              session.upstream + (reset ? "; both sides get a RST now)" : "; it may finish for the drain time)");
  // After a restart of the instance, another session has this number.
  ending_ = {.method = "POST",
             .target = "/v1/sessions/" + id + (reset ? "/reset" : "/close") + "?instance=" + admin::encoded(instance_)};
  mode_ = Mode::confirm;
}

Wish View::press_in_confirm(const Key& key) {
  mode_ = Mode::list;
  if (key.name == Key::Name::character && (key.character == U'y' || key.character == U'Y'))
    return {.what = Wish::What::end, .request = ending_};
  tell("nothing was done", false);
  return {};
}

}  // namespace lastbyte::console
