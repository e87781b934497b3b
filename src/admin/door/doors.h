// The doors of the administration and of the dashboard: who is let in, and what answers.
#pragma once

#include "admin/api/api.h"
#include "admin/door/guard.h"
#include "admin/http/message.h"

namespace lastbyte::admin {

/// The interface for clients that may administer, and for nobody else. Both outlive the handler.
Handler admin_handler(Api& api, Guard& guard);

/// The page, and the interface behind it: anyone may look, and those who have logged in may change things.
Handler dashboard_handler(Api& api, Guard& guard);

}  // namespace lastbyte::admin
