#include "admin/http/message.h"

#include <nlohmann/json.hpp>

namespace lastbyte::admin {

std::optional<std::string> Request::parameter(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

Response error_response(unsigned status, std::string_view what) {
  const nlohmann::json body{{"error", what}};
  return {.status = status,
          .type = "application/json",
          .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

Response json_response(std::string body) {
  return {.status = 200, .type = "application/json", .body = std::move(body)};
}

Response text_response(unsigned status, std::string body) {
  return {.status = status, .type = "text/plain; charset=utf-8", .body = std::move(body)};
}

}  // namespace lastbyte::admin
