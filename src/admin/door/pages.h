// The files of the dashboard, which are part of the program.
#pragma once

#include <span>
#include <string_view>

#include "admin/http/message.h"

namespace lastbyte::admin {

/// A file of dashboard/dist. Made at build time (pages.cmake).
struct EmbeddedFile {
  std::string_view name;  ///< "index.html"
  std::string_view content;
};
std::span<const EmbeddedFile> embedded_files();

/// GET or HEAD of a page; nullopt: there is none of that path.
std::optional<Response> page(const Request& request);

}  // namespace lastbyte::admin
