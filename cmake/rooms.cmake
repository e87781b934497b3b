# Each room is a library of its own that links only the rooms it may see: a wrong include does not link.
#   lastbyte_room(NAME SOURCES a.cpp b.cpp USES base net LIBRARIES fmt::fmt), in src/NAME/CMakeLists.txt
function(lastbyte_room NAME)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(lastbyte_${NAME} STATIC ${ROOM_SOURCES})
  target_include_directories(lastbyte_${NAME} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ROOM_USES PREPEND lastbyte_)
  target_link_libraries(lastbyte_${NAME} PUBLIC ${ROOM_USES} ${ROOM_LIBRARIES})
endfunction()

set(LASTBYTE_TEST_TIMEOUT_SECONDS 120 CACHE STRING "after which a single test has failed")

# Tests should build fast (the rooms under test are what is shipped): not optimised, GoogleTest's headers compiled once.
add_library(lastbyte_test_options INTERFACE)
target_compile_options(lastbyte_test_options INTERFACE $<$<CONFIG:Release>:-O0;-U_FORTIFY_SOURCE>)
function(lastbyte_test_headers)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/test_headers.cpp CONTENT "// a source, as a library needs one\n")
  add_library(lastbyte_test_headers STATIC ${CMAKE_BINARY_DIR}/test_headers.cpp)
  target_link_libraries(lastbyte_test_headers PRIVATE lastbyte_test_options GTest::gmock tl::expected)
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    target_compile_options(lastbyte_test_headers PRIVATE "SHELL:-Xclang -fno-pch-timestamp")  # ccache sees the same file
  endif()
  target_precompile_headers(lastbyte_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h> <tl/expected.hpp>
                            <chrono> <functional> <map> <optional> <thread>)
endfunction()

#   lastbyte_test(NAME SOURCES a_test.cpp USES termination [LIBRARIES ...]): a GoogleTest program, found by ctest
function(lastbyte_test NAME)
  cmake_parse_arguments(TEST "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_executable(${NAME} ${TEST_SOURCES})
  list(TRANSFORM TEST_USES PREPEND lastbyte_)
  target_link_libraries(${NAME} PRIVATE ${TEST_USES} ${TEST_LIBRARIES} lastbyte_test_options GTest::gtest_main)
  if(NOT TARGET lastbyte_test_headers)
    lastbyte_test_headers()
  endif()
  target_precompile_headers(${NAME} REUSE_FROM lastbyte_test_headers)
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT ${LASTBYTE_TEST_TIMEOUT_SECONDS})
endfunction()
