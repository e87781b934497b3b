// The state of lastbyte top between two pictures: order, filter, selection, questions. Keys and readings go in, wishes
// come out. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/client/exchange.h"
#include "console/pages.h"
#include "console/reading.h"

namespace lastbyte::console {

enum class SortKey : std::uint8_t { rate, half_close, unacknowledged, lingering, age, idle, id };

struct SortWord {
  SortKey key;
  std::string_view word;  ///< the word of --sort and on the screen
  char letter;            ///< the key that chooses this order
  std::string_view help;
};

inline constexpr std::array<SortWord, 7> kSortWords{{
    {SortKey::rate, "rate", 'r', "bytes a second, both ways"},
    {SortKey::half_close, "half-close", 'h', "how long ago the first direction ended"},
    {SortKey::unacknowledged, "unacked", 'u', "bytes that a peer has not acknowledged"},
    {SortKey::lingering, "lingering", 'l', "lingering sessions first, by age of the half-close"},
    {SortKey::age, "age", 'a', "how long ago the session began"},
    {SortKey::idle, "idle", 'i', "how long ago a byte moved"},
    {SortKey::id, "id", 'n', "the session's number"},
}};
constexpr const SortWord& word_of(SortKey key) { return kSortWords[static_cast<std::size_t>(key)]; }
std::optional<SortKey> sort_key(std::string_view word);
/// Returns all words, for a message.
std::string sort_words(std::string_view between = ", ");

/// Whether `a` comes before `b`: the largest first; equal ones in the order of their numbers.
bool stands_before(const SessionRow& a, const SessionRow& b, SortKey key);

/// Conditions that a session must all meet. The administration compares forwarding=, client=, upstream= and state=. Any
/// other word must occur in a column; ASCII case does not matter.
struct Filter {
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<std::string> words;  ///< lower case

  [[nodiscard]] bool lets_through(const SessionReading& session) const;
};
Filter parse_filter(std::string_view text);

/// Returns the request for the sessions to show.
SessionsRequest sessions_request(const Filter& filter);

struct Key {
  enum class Name : std::uint8_t { character, up, down, page_up, page_down, home, end, enter, escape, backspace };
  Name name = Name::character;
  char32_t character = 0;
};

/// What top must do after a key.
struct Wish {
  enum class What : std::uint8_t {
    nothing,
    quit,
    ask,  ///< the filter has changed: request the sessions again
    end,  ///< send `request`, which ends a session
  };
  What what = What::nothing;
  admin::ClientRequest request = {};
};

class View {
 public:
  enum class Mode : std::uint8_t { list, filter, confirm, help };

  View(SortKey sort, bool reversed, std::string filter);

  /// Takes a new picture, of the same process or another one.
  void took(StatusReading status, SessionsReading sessions);
  /// The instance no longer answers; `why` is for the operator. The last picture stays.
  void lost(std::string why);
  /// Shows a line to the operator until the next key.
  void tell(std::string message, bool is_error);
  /// `page` is the number of lines of sessions on the screen.
  Wish press(const Key& key, std::size_t page);

  [[nodiscard]] SessionsRequest request() const { return sessions_request(filter_); }
  [[nodiscard]] const std::optional<StatusReading>& status() const { return status_; }
  [[nodiscard]] const std::optional<Rates>& rates() const { return rates_; }
  /// The filtered sessions in order. Valid until the next call that is not const.
  [[nodiscard]] const std::vector<const SessionRow*>& visible() const { return visible_; }
  [[nodiscard]] std::uint64_t matched() const { return matched_; }
  [[nodiscard]] std::size_t taken() const { return rows_.size(); }
  /// Returns the index in visible(); 0 if it is empty.
  [[nodiscard]] std::size_t selected() const { return selected_; }
  /// Returns the first line of the page, of `page` lines, that shows the selection.
  std::size_t first_of_page(std::size_t page);

  [[nodiscard]] Mode mode() const { return mode_; }
  [[nodiscard]] SortKey sort() const { return sort_; }
  [[nodiscard]] bool reversed() const { return reversed_; }
  [[nodiscard]] const std::string& filter_text() const { return mode_ == Mode::filter ? draft_ : filter_text_; }
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] const std::string& why_lost() const { return why_lost_; }
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] bool message_is_error() const { return message_is_error_; }
  /// Returns the question of Mode::confirm.
  [[nodiscard]] const std::string& question() const { return question_; }

 private:
  Wish press_in_list(const Key& key, std::size_t page);
  Wish press_in_filter(const Key& key);
  Wish press_in_confirm(const Key& key);
  Wish letter(char32_t character, std::size_t page);
  Wish order_by(SortKey sort);
  Wish filter_by(std::string text);
  void move_to(std::size_t index);
  void question_for(bool reset);
  void arrange();

  SortKey sort_;
  bool reversed_;
  std::string filter_text_;
  Filter filter_;
  Mode mode_ = Mode::list;
  std::string draft_;  ///< the filter while it is typed
  bool paused_ = false;
  std::optional<StatusReading> status_;
  std::optional<Rates> rates_;
  std::string instance_;  ///< that has the sessions
  std::vector<SessionRow> rows_;
  std::uint64_t matched_ = 0;
  std::vector<const SessionRow*> visible_;
  std::size_t selected_ = 0;
  std::optional<std::uint64_t> selected_id_;  ///< the selection stays on this session
  std::size_t first_ = 0;
  std::string why_lost_;
  std::string message_;
  bool message_is_error_ = false;
  std::string question_;
  admin::ClientRequest ending_;  ///< the request that the question confirms
};

}  // namespace lastbyte::console
