# What `cmake --install` puts in place: the program and its debug information, its manual, its service, the completion for
# shells, examples.
include(GNUInstallDirs)
install(TARGETS lastbyte RUNTIME)
install(FILES docs/lastbyte.1 docs/lastbyte-check.1 docs/lastbyte-ctl.1 docs/lastbyte-doctor.1 docs/lastbyte-lab.1 docs/lastbyte-sock.1 docs/lastbyte-trace.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/example.yaml docs/starter.yaml proto/heartbeat.proto LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES deploy/lastbyte.socket DESTINATION lib/systemd/system)
# The prefix of an installation need not be that of the build: what depends on it is made when it is known.
configure_file(cmake/install_rest.cmake.in ${CMAKE_BINARY_DIR}/install_rest.cmake @ONLY)
install(SCRIPT ${CMAKE_BINARY_DIR}/install_rest.cmake)
