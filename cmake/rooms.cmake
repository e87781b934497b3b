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

#   lastbyte_test(NAME SOURCES a_test.cpp USES termination [LIBRARIES ...]): a GoogleTest program, found by ctest
function(lastbyte_test NAME)
  cmake_parse_arguments(TEST "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_executable(${NAME} ${TEST_SOURCES})
  target_compile_options(${NAME} PRIVATE $<$<CONFIG:Release>:-O1>)  # the rooms are what is shipped; tests should build fast
  list(TRANSFORM TEST_USES PREPEND lastbyte_)
  target_link_libraries(${NAME} PRIVATE ${TEST_USES} ${TEST_LIBRARIES} GTest::gtest_main)
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT ${LASTBYTE_TEST_TIMEOUT_SECONDS})
endfunction()
