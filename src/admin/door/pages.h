// The dashboard's files, which are part of the program.
#pragma once

#include <span>
#include <string_view>

#include "admin/http/message.h"

namespace lastbyte::admin {

/// A file of dashboard/dist. pages.cmake embeds it at build time.
struct EmbeddedFile {
  std::string_view name;  ///< "index.html"
  std::string_view content;
};
std::span<const EmbeddedFile> embedded_files();

/// Responds to GET or HEAD of a page; nullopt: that path has none.
std::optional<Response> page(const Request& request);

}  // namespace lastbyte::admin
