lastbyte_test_library(program_server SOURCES program_server.cpp LIBRARIES system_harness)

lastbyte_test(programs_test SOURCES databases_test.cpp datagram_programs_test.cpp go_test.cpp programs_test.cpp
  proxy_programs_test.cpp unix_programs_test.cpp LIBRARIES program_server greeting_harness)
target_compile_definitions(programs_test PRIVATE SYSTEM_TEST_SOURCES="${CMAKE_CURRENT_SOURCE_DIR}")

lastbyte_test(overload_test SOURCES overload_test.cpp LIBRARIES system_harness)
