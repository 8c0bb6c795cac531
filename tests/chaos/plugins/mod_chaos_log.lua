-- tests/chaos/plugins/mod_chaos_log.lua: writes down what Prosody itself did with each message
--
-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- One line a message: TIME KIND TYPE ID KEY NUMBER PLACE HASH.  KIND:
--   h  from a client to a component that is connected: written to its stream
--   b  from a client to a component that is not connected: bounced
--   r  from a component to a user
--   s  from a client to a user of this host: accepted
--   o  stored offline
--   l  a user comes online (KEY: his name) and is given what was stored
-- KEY and NUMBER stand in the body ("m ui7 123 …"), PLACE is where they begin in it (1: nothing before
-- them), HASH is of the whole body.  A line is with the kernel before the stanza goes on.

local now = require "util.time".now;
local sha1 = require "util.hashes".sha1;
local hosts = prosody.hosts;
local file = assert(io.open(module:get_option_string("chaos_log"), "a"));

local function log(kind, stanza)
	local attr, body = stanza.attr, stanza:get_child_text("body");
	local place, key, number, _;
	if body then
		place, _, key, number = body:find("m ([un][ix]%d+) (%d+) ");
	end
	if not place and attr.type ~= "error" then return; end
	file:write(("%.6f %s %s %s %s %s %d %s\n"):format(now(), kind, attr.type or "normal", attr.id or "-",
		key or "-", number or "-", place or 0, place and sha1(body, true):sub(1, 8) or "-"));
	file:flush();
end

local function hook(event, handler)
	module:hook(event .. "/bare", handler, 500);
	module:hook(event .. "/full", handler, 500);
end

if module:get_host_type() == "component" then
	hook("message", function (event)
		if event.origin.type == "c2s" and event.stanza.attr.type ~= "error" then
			log(hosts[module.host].modules.component.connected and "h" or "b", event.stanza);
		end
	end);
else
	hook("message", function (event)
		if event.origin.type == "component" then
			log("r", event.stanza);
		end
	end);
	hook("pre-message", function (event)
		local to = event.stanza.attr.to;
		if event.origin.type == "c2s" and to and to:find("@" .. module.host, 1, true) then
			log("s", event.stanza);
		end
	end);
	module:hook("message/offline/broadcast", function (event)
		file:write(("%.6f l - - %s 0 0 -\n"):format(now(), event.origin.username));
		file:flush();
	end, 500);
	module:hook("message/offline/handle", function (event)
		log("o", event.stanza);
	end, 500);
end
