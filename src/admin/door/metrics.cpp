#include "admin/door/metrics.h"

#include "observe/metrics/metrics.h"

namespace lastbyte::admin {
namespace {

Response check(bool good, const std::string& reason) {
  return text_response(good ? 200 : 503, (good ? std::string("ok") : reason) + "\n");
}

Response answer(const Operations& operations, const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = text_response(405, "expected GET or HEAD\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (request.path == "/metrics")
    return {.status = 200,
            .type = "text/plain; version=0.0.4; charset=utf-8",
            .body = observe::metrics_text(operations.metrics())};
  if (request.path == "/healthz" || request.path == "/readyz") {
    const Health health = operations.health();
    return check(request.path == "/healthz" ? health.alive : health.alive && health.ready, health.reason);
  }
  return text_response(404, "expected /metrics, /healthz or /readyz\n");
}

}  // namespace

Handler metrics_handler(const Operations& operations) {
  return [&operations](const Request& request, const Respond& respond) { respond(answer(operations, request)); };
}

}  // namespace lastbyte::admin
