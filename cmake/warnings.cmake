# Warnings are errors, with both compilers, but where a file is edited on purpose (./dev mutants).
option(LASTBYTE_WARNINGS_ARE_ERRORS "a warning of the compiler ends the build" ON)
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                    -Wcast-align -Woverloaded-virtual -Wimplicit-fallthrough)
if(LASTBYTE_WARNINGS_ARE_ERRORS)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  add_compile_options(-Wno-deprecated-declarations)  # libstdc++ 12's own stable_sort calls what it deprecates
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # GCC 12 finds some in std::string's operator+ where there are none.
  add_compile_options(-Wno-array-bounds -Wno-stringop-overflow)
  if(CMAKE_UNITY_BUILD)
    add_compile_options(-Wno-subobject-linkage)  # every source is included by another one, which is what it warns of
  endif()
endif()
