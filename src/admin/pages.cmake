# Writes the source that holds the dashboard's files: cmake -DFILES=a;b -DOUT=pages.cpp -P pages.cmake
string(CONCAT source "// Made by pages.cmake from dashboard/dist.\n#include \"admin/door/pages.h\"\n\n#include <array>\n\n"
           "namespace lastbyte::admin {\nnamespace {\n\n")
set(rows "")
set(number 0)
separate_arguments(FILES)
foreach(file IN LISTS FILES)
  cmake_path(GET file FILENAME name)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND source "constexpr unsigned char kFile${number}[] = {${bytes}0};\n")
  string(APPEND rows "      EmbeddedFile{\"${name}\", {reinterpret_cast<const char*>(kFile${number}), sizeof kFile${number} - 1}},\n")
  math(EXPR number "${number} + 1")
endforeach()
string(APPEND source "\n}  // namespace\n\nstd::span<const EmbeddedFile> embedded_files() {\n  static const std::array kFiles{\n${rows}  };\n"
                     "  return kFiles;\n}\n\n}  // namespace lastbyte::admin\n")
file(WRITE ${OUT} "${source}")
