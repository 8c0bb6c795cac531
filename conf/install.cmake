# conf/install.cmake: what cmake --install puts where
include(GNUInstallDirs)
install(TARGETS causeway causeway-purple causeway-agents RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES conf/causeway.8 conf/causeway-purple.8 conf/causeway-agents.8
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES conf/causeway.conf.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES README.md conf/causeway.conf.sample conf/causeway.service conf/prosody.cfg.lua
              conf/ejabberd.yml conf/jabberd2-router.xml
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
