#include "admin/door/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace lastbyte::admin {
namespace {

/// Allows only files of this server, and no inline scripts or styles.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri "
    "'none'; "
    "form-action 'self'; frame-ancestors 'none'";

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "text/plain; charset=utf-8";
}

/// FNV-1a: it need only distinguish versions of a file, and protects no secret.
std::string entity_tag(std::string_view content) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : content) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return fmt::format("\"{:016x}\"", hash);
}

}  // namespace

std::optional<Response> page(const Request& request) {
  const std::string_view name = request.path == "/" ? "index.html" : std::string_view(request.path).substr(1);
  const auto files = embedded_files();
  const auto found = std::ranges::find(files, name, &EmbeddedFile::name);
  if (found == files.end()) return std::nullopt;
  Response response;
  const std::string tag = entity_tag(found->content);
  response.headers = {{"ETag", tag},
                      {"Cache-Control", "no-cache"},
                      {"Content-Security-Policy", std::string(kPolicy)},
                      {"Referrer-Policy", "no-referrer"},
                      {"X-Frame-Options", "DENY"}};
  if (request.if_none_match == tag) {
    response.status = 304;
    return response;
  }
  response.type = type_of(name);
  response.body = found->content;
  return response;
}

}  // namespace lastbyte::admin
