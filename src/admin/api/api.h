// The administration interface of docs/openapi.yaml: what each request does. Only for the server's thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/api/events.h"
#include "admin/http/message.h"
#include "admin/terms/operations.h"

namespace lastbyte::admin {

class Api {
 public:
  /// `operations` must outlive this object.
  explicit Api(Operations& operations) : operations_(operations), events_(operations) {}

  /// `may_administer`: whether the client may change anything.
  void handle(const Request& request, bool may_administer, const Respond& respond);
  /// Call it about twenty times a second.
  void deliver_events() { events_.deliver(); }

 private:
  void get(const Request& request, const std::vector<std::string>& path, bool may_administer, const Respond& respond);
  void post(const std::vector<std::string>& path, const Respond& respond);
  [[nodiscard]] std::optional<Response> refused_by_condition(const Request& request) const;
  void put_log_level(const Request& request, const Respond& respond);
  [[nodiscard]] std::string status(bool may_administer) const;
  void list_sessions(const Request& request, const Respond& respond);
  void show_session(std::uint64_t id, const Respond& respond);
  void end_session(std::uint64_t id, bool reset, const Respond& respond);
  void change_forwarding(const std::string& name, Change change, const Respond& respond);

  Operations& operations_;
  Events events_;
};

}  // namespace lastbyte::admin
