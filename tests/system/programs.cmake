lastbyte_test_library(program_server SOURCES ../harness/program_server.cpp LIBRARIES system_harness)

lastbyte_test(programs_test SOURCES programs/databases_test.cpp programs/datagram_programs_test.cpp programs/go_test.cpp programs/programs_test.cpp
  programs/proxy_programs_test.cpp programs/unix_programs_test.cpp LIBRARIES program_server greeting_harness)
target_compile_definitions(programs_test PRIVATE SYSTEM_TEST_SOURCES="${CMAKE_CURRENT_SOURCE_DIR}")

lastbyte_test(overload_test SOURCES stream/overload_test.cpp LIBRARIES system_harness)
