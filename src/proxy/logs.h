// Where session records and messages go: opened at the start with the rights that they take, and anew where a reload
// changes it.
#pragma once

#include <memory>
#include <optional>

#include "base/file_rights.h"
#include "config/settings/config.h"
#include "observe/log/record_log.h"
#include "observe/log/target.h"
#include "proxy/listen/trouble.h"
#include "proxy/process/operator_log.h"

namespace lastbyte::proxy {

/// What a change of the `log` settings takes, opened, and nothing written there yet.
struct LogTargets {
  observe::RecordLog::Order records = {};
  OperatorLog::Order messages = {};
};

/// Opens what differs between `running` (nullopt: nothing runs yet) and `wanted`. `user`: whom a root process will
/// become. Troubles: all that cannot be opened, by their settings. May wait for a file system.
Tried<LogTargets> open_logs(const std::optional<config::Log>& running, const config::Log& wanted,
                            const std::optional<FileRights>& user = {});

/// Takes its target and its form out of `targets`.
Result<std::unique_ptr<observe::RecordLog>> make_record_log(LogTargets& targets, OperatorLog& messages);

}  // namespace lastbyte::proxy
