-- conf/prosody.cfg.lua: for the end of /etc/prosody/prosody.cfg.lua, then: prosodyctl reload
--
-- These two settings are global: they belong above the first VirtualHost.
component_ports = { 5347 }
component_interfaces = { "127.0.0.1" }

-- One a network.  The secret is that of [transport irc.example.com] in causeway.conf.
Component "irc.example.com"
    component_secret = "s3cret"
