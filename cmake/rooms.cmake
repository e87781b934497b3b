# The standard headers that most rooms see, compiled once. Formatting is dearer, and so only for those that link fmt.
set(lastbyte_room_headers <algorithm> <array> <chrono> <functional> <memory> <optional> <span> <string> <string_view>
                          <thread> <unordered_map> <utility> <vector> <tl/expected.hpp>)
function(lastbyte_precompiled NAME)
  cmake_parse_arguments(SET "" "" "HEADERS;LIBRARIES" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${NAME}.cpp CONTENT "// a source, as a library needs one\n")
  add_library(${NAME} STATIC ${CMAKE_BINARY_DIR}/${NAME}.cpp)
  target_link_libraries(${NAME} PRIVATE ${SET_LIBRARIES})
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    target_compile_options(${NAME} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")  # ccache sees the same file
  endif()
  target_precompile_headers(${NAME} PRIVATE ${SET_HEADERS})
endfunction()
lastbyte_precompiled(lastbyte_headers HEADERS ${lastbyte_room_headers} LIBRARIES tl::expected)
lastbyte_precompiled(lastbyte_headers_fmt HEADERS ${lastbyte_room_headers} <fmt/format.h> LIBRARIES tl::expected fmt::fmt)

# A unity build compiles the files of one folder together, at most eight at a time.
function(lastbyte_batches TARGET)
  set_target_properties(${TARGET} PROPERTIES UNITY_BUILD_MODE GROUP)
  foreach(source IN LISTS ARGN)
    cmake_path(GET source PARENT_PATH folder)
    string(MAKE_C_IDENTIFIER "in_${folder}" folder)
    math(EXPR batch "${count_${folder}} + 0")
    math(EXPR count_${folder} "${batch} + 1")
    math(EXPR batch "${batch} / 8")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${batch})
  endforeach()
endfunction()

# Each room is a library of its own that links only the rooms it may see: a wrong include does not link.
#   lastbyte_room(NAME [COLD] SOURCES a.cpp b.cpp USES base net LIBRARIES fmt::fmt), in src/NAME/CMakeLists.txt
# COLD: off the data path, and optimised less, which builds faster.
function(lastbyte_room NAME)
  cmake_parse_arguments(ROOM "COLD" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(lastbyte_${NAME} STATIC ${ROOM_SOURCES})
  target_include_directories(lastbyte_${NAME} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ROOM_USES PREPEND lastbyte_)
  target_link_libraries(lastbyte_${NAME} PUBLIC ${ROOM_USES} ${ROOM_LIBRARIES})
  lastbyte_batches(lastbyte_${NAME} ${ROOM_SOURCES})
  if(ROOM_COLD)
    target_compile_options(lastbyte_${NAME} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  set(headers lastbyte_headers)
  if("fmt::fmt" IN_LIST ROOM_LIBRARIES OR "lastbyte_observe" IN_LIST ROOM_USES)
    set(headers lastbyte_headers_fmt)
  endif()
  target_precompile_headers(lastbyte_${NAME} REUSE_FROM ${headers})
endfunction()

set(LASTBYTE_TEST_TIMEOUT_SECONDS 120 CACHE STRING "after which a single test has failed")

# Tests should build fast (the rooms under test are what is shipped): not optimised, GoogleTest's headers compiled once.
add_library(lastbyte_test_options INTERFACE)
target_compile_options(lastbyte_test_options INTERFACE $<$<CONFIG:Release>:-O0;-U_FORTIFY_SOURCE>)
# Whoever includes them instantiates the templates that their inline functions use, whether precompiled or not (of
# rapidcheck and of JSON half a second each), and so only those that link rapidcheck have it.
function(lastbyte_test_headers TARGET LIBRARIES)
  set(headers lastbyte_test_headers)
  if("rapidcheck" IN_LIST LIBRARIES)
    set(headers lastbyte_property_headers)
    set(rapidcheck_header <rapidcheck.h>)
    set(rapidcheck rapidcheck)
  endif()
  if(NOT TARGET ${headers})
    lastbyte_precompiled(${headers}
      HEADERS <gtest/gtest.h> <tl/expected.hpp> <algorithm> <chrono> <filesystem> <functional> <map> <optional> <random>
              <set> <thread> ${rapidcheck_header}
      LIBRARIES lastbyte_test_options GTest::gtest tl::expected ${rapidcheck})
  endif()
  target_link_libraries(${TARGET} PRIVATE lastbyte_test_options)
  target_precompile_headers(${TARGET} REUSE_FROM ${headers})
endfunction()

#   lastbyte_test_library(NAME SOURCES a.cpp LIBRARIES ...): what several test programs share
function(lastbyte_test_library NAME)
  cmake_parse_arguments(TEST "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${NAME} STATIC ${TEST_SOURCES})
  target_link_libraries(${NAME} PUBLIC ${TEST_LIBRARIES} GTest::gtest)
  lastbyte_test_headers(${NAME} "${TEST_LIBRARIES}")
endfunction()

#   lastbyte_test(NAME SOURCES a_test.cpp USES termination [LIBRARIES ...]): a GoogleTest program, found by ctest
function(lastbyte_test NAME)
  cmake_parse_arguments(TEST "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_executable(${NAME} ${TEST_SOURCES})
  list(TRANSFORM TEST_USES PREPEND lastbyte_)
  target_link_libraries(${NAME} PRIVATE ${TEST_USES} ${TEST_LIBRARIES} GTest::gtest_main)
  lastbyte_test_headers(${NAME} "${TEST_LIBRARIES}")
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT ${LASTBYTE_TEST_TIMEOUT_SECONDS})
endfunction()
