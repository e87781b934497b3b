// `lastbyte top`: shows the open sessions of the running instance, updated regularly.
#include "console/top/top.h"

#include <chrono>

#include "base/text.h"
#include "cli/subcommands.h"
#include "config/values/numbers.h"

namespace lastbyte::cli {

namespace {

constexpr std::chrono::milliseconds kShortest{100};
constexpr std::chrono::milliseconds kLongest{std::chrono::hours(1)};
constexpr std::uint64_t kMostPictures = 1'000'000'000;

int run_top(const Arguments& arguments) {
  console::TopOptions options;
  options.socket = arguments.first("socket");
  options.filter = arguments.first("filter").value_or("");
  options.reversed = arguments.has("reverse");
  options.batch = arguments.has("batch") || arguments.has("once") || arguments.has("count");
  if (arguments.has("once")) options.count = 1;
  if (const auto given = arguments.first("sort")) {
    const auto key = console::sort_key(*given);
    if (!key) return usage_error("top", "--sort: " + in_quotes(*given) + ": expected " + console::sort_words());
    options.sort = *key;
  }
  if (const auto given = arguments.first("interval")) {
    const auto interval = config::duration_codec(kShortest, kLongest).parse(*given);
    if (!interval) return usage_error("top", "--interval: " + in_quotes(*given) + ": " + interval.error());
    options.interval = *interval;
  }
  if (const auto given = arguments.first("count")) {
    const auto count = config::parse_count(*given, 1, kMostPictures);
    if (!count) return usage_error("top", "--count: " + in_quotes(*given) + ": " + count.error());
    options.count = static_cast<unsigned>(*count);
  }
  const auto shown = console::run_top(options);
  return shown ? kExitOk : not_answered("top", shown.error().text());
}

}  // namespace

Command top_command() {
  const std::string group = "General";
  return {.name = "top",
          .summary = "Watch the open sessions of the running lastbyte: rates, half-closes, unacknowledged bytes.",
          .usage = "top [OPTIONS]",
          .notes =
              "On a terminal ? lists the keys: they sort, filter, and close or reset the selected session after a "
              "question. With --batch, --count or --once the output is plain text.\n"
              "Exit status: 0; 2 if the command line is wrong, standard output is no terminal and no text was "
              "requested, no instance or several run, or it does not answer.",
          .options =
              {{.flag = "sort",
                .placeholder = console::sort_words("|"),
                .help = "The key to sort by. Default: rate.",
                .group = group},
               {.flag = "reverse", .placeholder = "", .help = "Reverse the order.", .group = group},
               {.flag = "filter",
                .placeholder = "WORDS",
                .help = "Only sessions whose line has each of these words; or state=STATE, forwarding=NAME, "
                        "client=NETWORK, upstream=NETWORK.",
                .group = group},
               {.flag = "interval",
                .placeholder = "DURATION",
                .help = "The time between two pictures. Expects 100ms to 1h. Default: 2s.",
                .group = group},
               {.flag = "batch", .placeholder = "", .help = "Print text, without an end.", .group = group},
               {.flag = "count", .placeholder = "COUNT", .help = "Print this many pictures as text.", .group = group},
               {.flag = "once",
                .placeholder = "",
                .help = "Print one picture as text, after one interval.",
                .group = group},
               socket_option()},
          .run = run_top};
}

}  // namespace lastbyte::cli
