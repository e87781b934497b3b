add_library(program_server STATIC program_server.cpp)
target_link_libraries(program_server PUBLIC system_harness GTest::gtest)

lastbyte_test(programs_test SOURCES programs_test.cpp LIBRARIES program_server)
