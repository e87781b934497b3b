// The door for monitoring: /metrics, /healthz and /readyz. It changes nothing and needs no login.
#pragma once

#include "admin/http/message.h"
#include "admin/terms/operations.h"

namespace lastbyte::admin {

/// `operations` must outlive the handler.
Handler metrics_handler(const Operations& operations);

}  // namespace lastbyte::admin
