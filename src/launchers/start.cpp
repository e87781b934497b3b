#include "launchers/start.h"

#include <unistd.h>

#include <optional>
#include <utility>
#include <vector>

#include "base/file.h"
#include "process/eventually.h"
#include "process/proc.h"

namespace lastbyte::launchers {
namespace {

constexpr Duration kStartLimit{10'000};
constexpr Duration kStartPause{3};
constexpr std::size_t kOutputShown = 2000;

std::string written(const net::Address& place) { return place.is_unix() ? place.unix_name() : place.text(); }

std::vector<std::pair<std::string, std::string>> values_for(const net::Address& listen, const net::Address& upstream,
                                                            const process::ScratchDirectory& directory) {
  return {{"listen", written(listen)},
          {"listen_host", listen.ip_text()},
          {"listen_port", std::to_string(listen.port())},
          {"upstream", written(upstream)},
          {"upstream_host", upstream.ip_text()},
          {"upstream_port", std::to_string(upstream.port())},
          {"config", directory.file("config")},
          {"directory", directory.path()},
          {"pid", std::to_string(::getpid())}};
}

}  // namespace

std::string tail(const std::string& output) {
  return output.size() <= kOutputShown ? output : "..." + output.substr(output.size() - kOutputShown);
}

Result<Started> start(const std::string& name, Form& form, int network, const net::Address& listen,
                      const net::Address& upstream) {
  auto directory = process::ScratchDirectory::make();
  if (!directory) return Failure(directory.error());
  const auto values = values_for(listen, upstream, *directory);
  form.config = fill_in(form.config, values);
  if (!form.config.empty()) {
    if (const auto put = write_file(directory->file("config"), form.config); !put) return Failure(put.error());
  }
  for (std::string& word : form.command) word = fill_in(word, values);
  auto child = process::Process::start(form.command, network);
  if (!child) return Failure(child.error());
  Started one{std::move(*directory), std::move(*child)};
  std::optional<int> ended;
  const bool ready = process::eventually(
      [&] {
        ended = one.process.ended();
        return ended || process::listens(one.process.pid(), listen);
      },
      kStartLimit, kStartPause);
  if (!ready || ended) {
    const std::string what = ended ? "ended with status " + std::to_string(*ended) : "does not listen there";
    one.process.kill();  // after that, the output is complete
    return failure("start " + name + " on " + listen.text(), 0, what + "; its output: " + tail(one.process.output()));
  }
  return one;
}

}  // namespace lastbyte::launchers
