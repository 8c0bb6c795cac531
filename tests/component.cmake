# the tests of component/ and of what it shares with transport/
cw_unit_test(backoff unit/transport/test-backoff.c cw_link)
cw_unit_test(xml unit/component/test-xml.c cw_component_core)
cw_unit_test(writer unit/component/test-writer.c cw_component_core)
cw_unit_test(jid unit/component/test-jid.c cw_component_core)
cw_unit_test(stanza-error unit/component/test-stanza-error.c cw_component_core)
cw_unit_test(form unit/component/test-form.c cw_component_core)
cw_unit_test(disco-info unit/component/test-disco-info.c cw_component_core)
cw_unit_test(caps-cache unit/component/test-caps-cache.c cw_component_core)
cw_unit_test(stream-state unit/component/test-stream-state.c cw_component_core)
cw_unit_test(stream unit/component/test-stream.c cw_component_core)
cw_fuzz_target(xml fuzz/fuzz-xml.c cw_component_core)
cw_fuzz_target(jid fuzz/fuzz-jid.c cw_component_core)
cw_fuzz_target(form fuzz/fuzz-form.c cw_component_core)
cw_fuzz_target(disco-info fuzz/fuzz-disco-info.c cw_component_core)

# streams driven by lines, for functional/test_stream.py
add_executable(stream-driver peers/stream-driver.c)
target_link_libraries(stream-driver PRIVATE cw_component_core)
