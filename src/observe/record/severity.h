// The importance of a session's record, for receivers that sort by it.
#pragma once

#include "observe/record/message.h"
#include "relay/terms/ending.h"

namespace lastbyte::observe {

/// info: complete, or still open. warning: lastbyte itself could not continue the session. notice: any other end.
inline Severity severity(const relay::Record& record) {
  if (record.progress() != nullptr) return Severity::info;
  const relay::Ending ending = relay::ending_of(record);
  if (ending == relay::Ending::complete) return Severity::info;
  if (record.datagrams() != nullptr || record.stream().abandoned == relay::Abandoned::no) return Severity::notice;
  return Severity::warning;
}

}  // namespace lastbyte::observe
