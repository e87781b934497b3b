// Detects the journal behind a standard stream.
#pragma once

#include <sys/types.h>

#include <string_view>

namespace lastbyte::observe {

/// Whether $JOURNAL_STREAM, "DEVICE:INODE" in decimal (systemd.exec(5)), names this file. Pure.
bool is_journal_stream(std::string_view journal_stream, dev_t device, ino_t inode);

/// Whether the journal reads `fd`. The journal takes a line's importance from a prefix, "<4>" (sd-daemon(3)), which any
/// other reader would show. A stream that the service redirects has another inode.
bool is_journal(int fd);

}  // namespace lastbyte::observe
