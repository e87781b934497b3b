// The door for monitoring: /metrics, /healthz and /readyz. It changes nothing, and asks nobody who they are.
#pragma once

#include "admin/http/message.h"
#include "admin/terms/operations.h"

namespace lastbyte::admin {

/// `operations` outlives the handler.
Handler metrics_handler(const Operations& operations);

}  // namespace lastbyte::admin
