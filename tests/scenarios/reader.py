# tests/scenarios/reader.py: reads scenarios, and plays them; README.md tells how they are written
#
# SPDX-License-Identifier: GPL-2.0-or-later

import re
import shlex
import string
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from lib.rooms import codes
from lib.xmppclient import CLIENT, condition

SHORT = {"role": "item.role", "affiliation": "item.affiliation", "nick": "item.nick",
         "jid": "item.jid", "actor": "actor.nick"}
ATTRIBUTES = ("from", "to", "id", "type")


@dataclass
class Scenario:
    file: str
    title: str
    steps: list = field(default_factory=list)  # (number of the line, text)


class Failure(AssertionError):
    pass


def read(path):
    """The scenarios of a file: each begins with "== TITLE", and a line is a step."""
    scenarios = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if text.startswith("== "):
                scenarios.append(Scenario(path, text[3:]))
            elif text and not text.startswith("# "):
                scenarios[-1].steps.append((number, text))
    return scenarios


# ---- what is expected of a stanza ----

def show(stanza):
    return re.sub(r' ?xmlns:ns\d+="[^"]*"|ns\d+:', "", ET.tostring(stanza, "unicode"))


def named(stanza, name):
    """The elements of this local name; those of the stanza itself first."""
    return (stanza.findall(CLIENT + name)
            + [e for e in stanza.iter() if e.tag.endswith("}" + name) and e is not stanza])


def values(stanza, key):
    """Of "id" the attribute of the stanza, of "item.role" that of any <item/>, of "body" its text."""
    name, dot, attribute = SHORT.get(key, key).partition(".")
    if not dot and name in ATTRIBUTES:
        return [stanza.get(name)]
    if dot:
        return [element.get(attribute) for element in named(stanza, name)]
    return [element.text or "" for element in named(stanza, name)[:1]]


def has_kind(stanza, kind):
    name, type_ = stanza.tag[len(CLIENT):], stanza.get("type")
    body, subject = named(stanza, "body"), named(stanza, "subject")
    return {"presence": name == "presence" and type_ is None,
            "gone": name == "presence" and type_ == "unavailable",
            "message": name == "message" and type_ == "groupchat" and bool(body),
            "subject": name == "message" and type_ == "groupchat" and bool(subject) and not body,
            "private": name == "message" and type_ == "chat",
            "normal": name == "message" and type_ in (None, "normal")}[kind]


def differs(stanza, words, variables):
    """What of the words does not fit, "" when all of them do."""
    wanted = {word for word in words if re.fullmatch(r"\d{3}", word)}
    if stanza.tag == CLIENT + "presence" and codes(stanza) != wanted:
        return f"the codes are {sorted(codes(stanza))}"
    for word in words:
        match = re.fullmatch(r"([\w.#-]+?)(!=|=|>)(.*)", word, re.S)
        if match is None and word[0] in "+-" and bool(named(stanza, word[1:])) != (word[0] == "+"):
            return word
        if match is None:
            continue
        key, sign, value = match.groups()
        found = values(stanza, key)
        if sign == ">":
            variables[value] = found[0] if found else ""
        elif (value in found) != (sign == "="):
            return f"{word} (there: {found})"
    return ""


# ---- playing ----

class Play:
    """One scenario on its stage: stage.py has the people, what they can do, and the variables."""

    def __init__(self, scenario, stage):
        self.scenario, self.stage = scenario, stage
        self.step = None

    def run(self):
        steps = list(self.scenario.steps)
        while steps:
            self.step = steps.pop(0)
            who, verb, rest = (self.step[1].split(None, 2) + ["", ""])[:3]
            try:
                if verb == "<*":  # with those behind it, in any order
                    group = [rest]
                    while steps and steps[0][1].split(None, 2)[:2] == [who, "<*"]:
                        group.append(steps.pop(0)[1].split(None, 2)[2])
                    self.expect_group(who, group)
                else:
                    self.do(who, verb, rest)
            except AssertionError as problem:
                raise Failure(self.describe(problem)) from None
        for name, client in self.stage.clients():
            for stanza in client.left():
                raise Failure(self.describe(f"{name} got what nobody expected:\n  {show(stanza)}"))

    def describe(self, problem):
        number, text = self.step
        return (f"scenario: {self.scenario.title}\n{self.scenario.file}:{number}: {text}\n"
                f"    that is: {self.fill(text)}\n{problem}")

    def fill(self, text):
        return string.Template(text).safe_substitute(self.stage.variables)

    def do(self, who, verb, rest):
        if verb == "<":
            self.expect(who, rest)
        elif verb in ("get", "set"):
            self.ask(who, verb, rest)
        else:
            self.stage.act(who, verb, self.fill(rest))

    def ask(self, who, verb, rest):
        question, _, wanted = rest.rpartition(" -> ")
        address, payload = self.fill(question).split(None, 1)
        answer = self.stage.people[who].iq(verb, address, payload)
        word, *words = [self.fill(word) for word in shlex.split(wanted)]
        assert (condition(answer) or "result") == word and not differs(answer, words,
                                                                       self.stage.variables), \
            f"expected {word} {words}; it came instead:\n  {show(answer)}"

    def problem(self, person, stanza, words):
        """What of an expectation the stanza does not fit, "" for nothing."""
        kind, *words = words
        if kind == "error":
            return (differs(stanza, words[1:], self.stage.variables)
                    if condition(stanza) == words[0] else f"no error {words[0]}")
        address = self.stage.address(words[0], person.room)
        if not has_kind(stanza, kind) or stanza.get("from") != address:
            return f"no {kind} from {address}"
        return differs(stanza, words[1:], self.stage.variables)

    def words(self, rest):
        return [self.fill(word) for word in shlex.split(rest)]

    def expect(self, who, rest):
        person, words = self.stage.people[who], self.words(rest)
        if not person.strict:
            person.wait(words, lambda stanza: not self.problem(person, stanza, words))
            return
        stanza = person.next()
        problem = self.problem(person, stanza, words)
        assert not problem, f"expected: {problem}; it came instead:\n  {show(stanza)}"

    def expect_group(self, who, group):
        person, wanted, came = self.stage.people[who], [self.words(rest) for rest in group], []
        for _ in group:
            came.append(person.next())
            fits = [words for words in wanted if not self.problem(person, came[-1], words)]
            assert fits, (f"none of these was expected: {wanted}; there came\n"
                          + "\n".join(f"  {show(s)}" for s in came))
            wanted.remove(fits[0])
