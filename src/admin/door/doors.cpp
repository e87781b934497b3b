#include "admin/door/doors.h"

#include "admin/door/pages.h"

namespace lastbyte::admin {
namespace {

Response unauthorized(const Request& request) {
  if (request.peer) return error_response(403, "only root and lastbyte's own user may administer");
  Response response = error_response(401, "expected the token of admin.token-file: Authorization: Bearer TOKEN");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

void answer_dashboard(Api& api, Guard& guard, const Request& request, const Respond& respond) {
  if (auto refused = guard.refusal(request)) return respond(std::move(*refused));
  if (request.method == "POST" && request.path == "/v1/login") return respond(guard.log_in(request, Clock::now()));
  if (request.method == "POST" && request.path == "/v1/logout") return respond(guard.log_out(request));
  if (request.method == "GET" || request.method == "HEAD")
    if (auto found = page(request)) return respond(std::move(*found));
  api.handle(request, guard.may_administer(request), respond);
}

}  // namespace

Handler admin_handler(Api& api, Guard& guard) {
  return [&api, &guard](const Request& request, const Respond& respond) {
    if (auto refused = guard.refusal(request)) return respond(std::move(*refused));
    if (!guard.may_administer(request)) return respond(unauthorized(request));
    api.handle(request, true, respond);
  };
}

Handler dashboard_handler(Api& api, Guard& guard) {
  return [&api, &guard](const Request& request, const Respond& respond) {
    answer_dashboard(api, guard, request, respond);
  };
}

}  // namespace lastbyte::admin
