"""A tool that counts the words of a text."""

from json import dumps

from wingman import invalid_input, json, plugin
from wit_world.exports.tool import ToolOutput, ToolSpec

SCHEMA = '{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}'


@plugin
class Tool:
    def tools(self):
        description = "Counts the words and characters of a text."
        return [ToolSpec("count-words", description, SCHEMA, read_only=True, idempotent=True)]

    def call(self, invocation):
        text = json(invocation.input, "the input").get("text")
        if not isinstance(text, str):
            raise invalid_input("`text` is missing: send the text to count")
        words, characters = len(text.split()), len(text)
        data = dumps({"words": words, "characters": characters}, separators=(",", ":"))
        return ToolOutput(f"{words} words, {characters} characters", data, [])
