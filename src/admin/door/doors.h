// The doors of the administration and of the dashboard: who may enter, and which handler responds.
#pragma once

#include "admin/api/api.h"
#include "admin/door/guard.h"
#include "admin/http/message.h"

namespace lastbyte::admin {

/// The interface, only for clients that may administer. Both arguments must outlive the handler.
Handler admin_handler(Api& api, Guard& guard);

/// The page and its interface: anyone may look; users who have logged in may change things.
Handler dashboard_handler(Api& api, Guard& guard);

}  // namespace lastbyte::admin
