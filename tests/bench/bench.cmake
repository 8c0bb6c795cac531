# tests/bench/bench.cmake: the programs of the bench, and a short run of it as a test
#
# SPDX-License-Identifier: GPL-2.0-or-later
add_executable(bench bench/bench.c bench/irc.c bench/jabber.c bench/loop.c bench/news.c
               bench/parts.c bench/process.c bench/provider.c bench/rooms.c bench/traffic.c
               bench/world.c)
target_link_libraries(bench PRIVATE PkgConfig::GLIB)
add_executable(bench-floor bench/floor.c bench/loop.c)
target_link_libraries(bench-floor PRIVATE PkgConfig::GLIB PkgConfig::EXPAT)
add_executable(bench-host bench/host.c)
target_link_libraries(bench-host PRIVATE cw_link)
add_executable(bench-agents bench/agents.c bench/loop.c bench/provider.c)
target_link_libraries(bench-agents PRIVATE PkgConfig::GLIB)
add_executable(bench-micro bench/micro.c)
target_link_libraries(bench-micro PRIVATE cw_component_core PkgConfig::EXPAT)

# Does it run, and does each message arrive?  Figures of a sanitizer build say nothing.
add_test(NAME bench-smoke
         COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/bench/run --smoke --build ${CMAKE_BINARY_DIR})
set_tests_properties(bench-smoke PROPERTIES TIMEOUT 240)
