# the tests of component/ and of what it shares with transport/
cw_unit_test(backoff unit/transport/test-backoff.c cw_link)
cw_unit_test(xml unit/component/test-xml.c cw_component_core)
cw_unit_test(writer unit/component/test-writer.c cw_component_core)
cw_unit_test(jid unit/component/test-jid.c cw_component_core)
cw_unit_test(stanza-error unit/component/test-stanza-error.c cw_component_core)
cw_unit_test(form unit/component/test-form.c cw_component_core)
cw_unit_test(stream-state unit/component/test-stream-state.c cw_component_core)
cw_unit_test(stream unit/component/test-stream.c cw_component_core)
