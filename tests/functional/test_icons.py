# tests/functional/test_icons.py: the pictures of gateways, on Prosody
#
# SPDX-License-Identifier: GPL-2.0-or-later

import base64
import hashlib
import pathlib

import pytest

from conftest import COMPONENTS, Account
from lib.agents import register
from lib.servers import SECRET
from lib.xmppclient import CLIENT

IRC, FEEDS, STOCKS = COMPONENTS[0], *COMPONENTS[2:4]
ICONS = pathlib.Path(__file__).parents[2] / "conf" / "icons"
TEMP, VCARD4 = "{vcard-temp}", "{urn:ietf:params:xml:ns:vcard-4.0}"
HASH = "{vcard-temp:x:update}x/{vcard-temp:x:update}photo"


@pytest.fixture
def juliet(prosody):
    account = Account(prosody, "juliet", "localhost")
    yield account.client()
    account.close()


@pytest.fixture
def gateway(gateway_factory, prosody):
    """That of shares has a picture of the admin's, which is beside the settings."""
    gateway = gateway_factory(server_port=prosody.component_port, transports={
        IRC: {"secret": SECRET, "protocol": "purple:prpl-irc"},
        FEEDS: {"secret": SECRET, "protocol": "agents:feeds"},
        STOCKS: {"secret": SECRET, "protocol": "agents:stocks", "icon": "mine.png"}})
    gateway.mine = (ICONS / "clock.png").read_bytes()
    (pathlib.Path(gateway.folder) / "mine.png").write_bytes(gateway.mine)
    return gateway


def shown_to(client, domain):
    """XEP-0153: the hashes in the gateway's presence so far."""
    return {s.findtext(HASH) for s in client.stanzas.history if s.tag == CLIENT + "presence"
            and s.get("from") == domain and s.get("type") is None}


def pictures_of(client, domain):
    """(type, bytes) in vcard-temp, and the URI in vCard4."""
    card = client.iq("get", domain, "<vCard xmlns='vcard-temp'/>")
    photo = card.find(f".//{TEMP}PHOTO")
    card4 = client.iq("get", domain, f"<vcard xmlns='{VCARD4[1:-1]}'/>")
    assert "".join(card4.find(f".//{VCARD4}kind").itertext()) == "application"
    return ((photo.findtext(f"{TEMP}TYPE"), base64.b64decode(photo.findtext(f"{TEMP}BINVAL"))),
            "".join(card4.find(f".//{VCARD4}photo").itertext()))


def test_each_gateway_has_a_picture(gateway, juliet):
    gateway.start()
    juliet.presence()
    expected = {IRC: (ICONS / "irc.png").read_bytes(), FEEDS: (ICONS / "rss.png").read_bytes(),
                STOCKS: gateway.mine}
    for domain, picture in expected.items():
        old, new = pictures_of(juliet, domain)  # also of one who is not registered
        assert old == ("image/png", picture), domain
        assert new == "data:image/png;base64," + base64.b64encode(picture).decode(), domain
    for domain in (FEEDS, STOCKS):
        register(juliet, domain)
        assert shown_to(juliet, domain) == {hashlib.sha1(expected[domain]).hexdigest()}


def test_a_picture_of_the_networks_identity(gateway, juliet):
    gateway.sections[f"transport {FEEDS}"]["identity"] = "weather"
    gateway.start()
    juliet.presence()
    assert pictures_of(juliet, FEEDS)[0][1] == (ICONS / "weather.png").read_bytes()
    gateway.stop()
    gateway.sections[f"transport {FEEDS}"]["identity"] = "news"  # there is none of that name
    gateway.start()
    assert pictures_of(juliet, FEEDS)[0][1] == (ICONS / "other.png").read_bytes()


def test_another_picture_when_the_settings_are_read_again(gateway, juliet):
    gateway.start()
    juliet.presence()
    assert pictures_of(juliet, STOCKS)[0][1] == gateway.mine
    other = pathlib.Path(gateway.folder) / "other.png"
    for content, expected, told in (
            (b"a text", gateway.mine, "the settings stay as they were: .*icon.*is no picture"),
            ((ICONS / "other.png").read_bytes(),) * 2 + ("settings read again: limits",)):
        gateway.sections[f"transport {STOCKS}"]["icon"] = "other.png"
        other.write_bytes(content)
        gateway.write_config()
        gateway.reload()
        gateway.wait_log(told)
        assert pictures_of(juliet, STOCKS)[0][1] == expected
