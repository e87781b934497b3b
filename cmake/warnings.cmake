# Warnings are errors, with both compilers.
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                    -Wcast-align -Woverloaded-virtual -Wimplicit-fallthrough -Werror)
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
