// Opens the targets of session records and of messages: all at the start, and those that a reload changes.
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

/// The opened targets and the formats that a change of the `log` settings needs. Nothing is written to them yet.
struct LogTargets {
  observe::RecordLog::Order records = {};
  OperatorLog::Order messages = {};
};

/// Opens the targets in which `wanted` differs from `running` (nullopt: nothing runs yet). `user`: the user to whom a
/// root process will switch. Returns as troubles all targets that cannot be opened, each with its setting. May wait for
/// a file system.
Tried<LogTargets> open_logs(const std::optional<config::Log>& running, const config::Log& wanted,
                            const std::optional<FileRights>& user = {});

/// Takes the target and the format of the records from `targets`.
Result<std::unique_ptr<observe::RecordLog>> make_record_log(LogTargets& targets, OperatorLog& messages);

}  // namespace lastbyte::proxy
