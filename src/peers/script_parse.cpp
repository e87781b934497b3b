#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <functional>
#include <limits>

#include "peers/script.h"

namespace lastbyte::peers {
namespace {

struct Token {
  std::string_view text;
  std::size_t column = 0;
};

bool is_mark(char c) { return c == ';' || c == '|' || c == '(' || c == ')'; }
bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::vector<Token> split(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < text.size();) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    if (!is_mark(text[at]))
      while (end < text.size() && !is_blank(text[end]) && !is_mark(text[end])) ++end;
    tokens.push_back({text.substr(at, end - at), at + 1});
    at = end;
  }
  return tokens;
}

/// A word's number and the unit after it; nullopt: no number, or a number too large.
struct Quantity {
  std::uint64_t number = 0;
  std::string_view unit;
};

std::optional<Quantity> quantity(std::string_view text) {
  Quantity found;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found.number);
  if (error != std::errc{}) return std::nullopt;
  found.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return found;
}

/// Thrown and caught only in this file. Error values would have to pass through every level of the parser.
struct Wrong {
  Token token;
  std::string expected;
};

constexpr const char* kVerbs =
    "send, flood, fill, recv, read, expect, flush, shutdown, close, close-unread, reset, vanish, sleep, signal, await, "
    "repeat, or "
    "first of all window, send-buffer";

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(split(text)), end_{"", text.size() + 1} {}

  Script script() {
    Script script;
    options(script);
    script.steps = steps(false);
    if (!at_end()) throw Wrong{here(), "it closes nothing; expected ; or the end"};
    return script;
  }

 private:
  [[nodiscard]] bool at_end() const { return next_ == tokens_.size(); }
  [[nodiscard]] const Token& here() const { return at_end() ? end_ : tokens_[next_]; }
  [[nodiscard]] bool at(std::string_view word) const { return !at_end() && here().text == word; }
  bool take(std::string_view word) {
    if (!at(word)) return false;
    ++next_;
    return true;
  }
  [[nodiscard]] bool at_word() const { return !at_end() && !is_mark(here().text.front()); }

  void options(Script& script) {
    while (at("window") || at("send-buffer")) {
      const Token verb = here();
      ++next_;
      std::optional<int>& option = verb.text == "window" ? script.window : script.send_buffer;
      if (option) throw Wrong{verb, "it is given twice; expected once"};
      option = static_cast<int>(size(std::numeric_limits<int>::max() / 2));
      if (!take(";")) return expect_end_of_step();
    }
  }

  void expect_end_of_step() const {
    if (!at_end() && !at(";") && !at(")")) throw Wrong{here(), "expected ; | or the end"};
  }

  std::vector<Step> steps(bool in_repeat) {
    std::vector<Step> steps;
    while (!at_end() && !at(")")) {
      if (take(";")) continue;
      steps.push_back(step(in_repeat));
      expect_end_of_step();
    }
    return steps;
  }

  Step step(bool in_repeat) {
    if (take("repeat")) return repeat();
    Together together;
    do {
      const Token verb = here();
      together.actions.push_back(action());
      check_use(verb, together, in_repeat);
    } while (take("|"));
    return together;
  }

  Repeat repeat() {
    Repeat repeat;
    repeat.times = static_cast<std::uint32_t>(count());
    const Token open = here();
    if (!take("(")) throw Wrong{open, "expected ( after repeat and its number"};
    repeat.steps = steps(true);
    if (!take(")")) throw Wrong{open, "it is not closed; expected )"};
    return repeat;
  }

  void check_use(const Token& verb, const Together& together, bool in_repeat) {
    const Action& action = together.actions.back();
    const bool closes = std::holds_alternative<Close>(action) || std::holds_alternative<CloseUnread>(action) ||
                        std::holds_alternative<Reset>(action);
    if (closes && in_repeat) throw Wrong{verb, "a socket can be closed once; expected it outside repeat"};
    if (closes && (together.actions.size() > 1 || at("|")))
      throw Wrong{verb, "nothing can be joined to it; expected a step of its own"};
    gone_ = gone_ || closes;
  }

  Action action() {
    const Token verb = here();
    if (!at_word()) throw Wrong{verb, std::string("expected one of ") + kVerbs};
    ++next_;
    const bool without_socket = verb.text == "sleep" || verb.text == "signal" || verb.text == "await";
    if (gone_ && !without_socket)
      throw Wrong{verb, "the socket is closed by then; expected signal, await, sleep or the end"};
    if (verb.text == "send") return sending();
    if (verb.text == "flood") return with_pace(Flood{});
    if (verb.text == "fill") return filling();
    if (verb.text == "recv") return with_pace(Receive{size(kLargest), {}});
    if (verb.text == "read") return with_pace(Read{});
    if (verb.text == "expect") return expectation();
    if (verb.text == "flush") return Flush{};
    if (verb.text == "shutdown") return Shutdown{};
    if (verb.text == "close") return Close{};
    if (verb.text == "close-unread") return CloseUnread{};
    if (verb.text == "reset") return Reset{};
    if (verb.text == "vanish") return Vanish{};
    if (verb.text == "sleep") return Sleep{time()};
    if (verb.text == "signal") return Signal{name()};
    if (verb.text == "await") return awaiting();
    throw Wrong{verb, std::string("there is no such verb here; expected one of ") + kVerbs};
  }

  Action sending() {
    Send send = with_pace(Send{size(kLargest), {}});
    send.urgent = take("urgent");
    return send;
  }

  template <typename Paced>
  Paced with_pace(Paced paced) {
    for (;;) {
      const Token word = here();
      const bool by = at("by");
      if (!by && !at("every")) return paced;
      ++next_;
      if (by ? paced.pace.chunk != 0 : paced.pace.every.count() != 0)
        throw Wrong{word, "it is given twice; expected once"};
      if (by) {
        paced.pace.chunk = size(kLargest);
      } else {
        paced.pace.every = time();
      }
    }
  }

  Action filling() {
    const std::uint64_t bytes = size(kLargest);
    return Fill{bytes, time()};
  }

  Action expectation() {
    if (take("fin")) return ExpectFin{};
    if (take("reset")) return ExpectReset{};
    if (take("error")) return ExpectError{};
    if (take("quiet")) return ExpectQuiet{time()};
    throw Wrong{here(), "expected fin, reset, error or quiet"};
  }

  Action awaiting() {
    Await await{name(), 1};
    if (at_word()) await.times = static_cast<std::uint32_t>(count());
    return await;
  }

  std::string name() {
    const Token token = here();
    if (!at_word()) throw Wrong{token, "expected a name"};
    ++next_;
    return std::string(token.text);
  }

  std::uint64_t count() {
    const Token token = here();
    const auto found = quantity(token.text);
    if (!found || !found->unit.empty() || found->number == 0 ||
        found->number > std::numeric_limits<std::uint32_t>::max())
      throw Wrong{token, "expected a number from 1"};
    ++next_;
    return found->number;
  }

  std::uint64_t size(std::uint64_t most) {
    const Token token = here();
    const auto found = quantity(token.text);
    constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kUnits{
        {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}}};
    const auto unit = std::ranges::find(kUnits, found ? found->unit : "?", [](const auto& each) { return each.first; });
    if (unit == kUnits.end() || found->number == 0 || found->number > most / unit->second)
      throw Wrong{token, "expected a size from 1, like 100, 32K or 20M"};
    ++next_;
    return found->number * unit->second;
  }

  Duration time() {
    const Token token = here();
    const auto found = quantity(token.text);
    const bool right = found && (found->unit == "ms" || found->unit == "s") && found->number < 1'000'000'000;
    if (!right) throw Wrong{token, "expected a time with its unit, like 5ms or 2s"};
    ++next_;
    const auto number = static_cast<Duration::rep>(found->number);
    return found->unit == "ms" ? Duration(number) : Duration(number * 1000);
  }

  static constexpr std::uint64_t kLargest = std::uint64_t{1} << 40;

  std::vector<Token> tokens_;
  Token end_;
  std::size_t next_ = 0;
  bool gone_ = false;  ///< a step has closed the socket
};

}  // namespace

Result<Script> parse_script(std::string_view text) {
  try {
    return Parser(text).script();
  } catch (const Wrong& wrong) {
    const std::string what = wrong.token.text.empty() ? "the end" : "'" + std::string(wrong.token.text) + "'";
    return failure("script, column " + std::to_string(wrong.token.column) + ": " + what, 0, wrong.expected);
  }
}

}  // namespace lastbyte::peers
