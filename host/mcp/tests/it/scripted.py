"""An MCP server over stdio whose manners are chosen by its first argument. It uses nothing but the standard library."""

import json
import os
import signal
import subprocess
import sys
import time

MANNER = sys.argv[1]
OBJECT = {"type": "object"}
cancelled = []
answers = {}


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def notify(method, params=None):
    send({"method": method, "params": params or {}})


def text(request, words, **more):
    send({"id": request["id"], "result": {"content": [{"type": "text", "text": words}], **more}})


def tool(name, schema=OBJECT, **more):
    return {"name": name, "description": "A tool.", "inputSchema": schema, **more}


def forever(words):
    while True:
        sys.stdout.write(words)
        sys.stdout.flush()


def tools():
    if MANNER == "odd-tools":
        return [
            tool("good"),
            tool("good"),
            tool("a.b"),
            tool("a b"),
            tool("text", "object"),
            tool("array", {"type": "array"}),
            {"name": "bare"},
            tool("read", annotations={"readOnlyHint": True}),
        ]
    listed = [tool(MANNER)]
    if MANNER == "wait":
        listed.append(tool("cancellations"))
    if "grown" in answers:
        listed.append(tool("grown"))
    return listed


def list_tools(request):
    if MANNER == "pages":
        page = int(request.get("params", {}).get("cursor") or 0)
        more = {"nextCursor": str(page + 1)} if page < 2 else {}
        return send({"id": request["id"], "result": {"tools": [tool(f"page{page}")], **more}})
    if MANNER == "endless-pages":
        return send({"id": request["id"], "result": {"tools": [tool("same")], "nextCursor": "again"}})
    send({"id": request["id"], "result": {"tools": tools()}})
    if MANNER == "flood-of-messages":
        forever(json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}) + "\n")
    if MANNER == "flood-of-garbage":
        forever("this is no message\n")
    if MANNER == "flood-of-questions":
        forever(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}) + "\n")
    if MANNER == "flood-of-news":
        forever(json.dumps({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}) + "\n")
    if MANNER == "deaf":
        # Whatever is sent from now on stays in the pipe.
        time.sleep(600)


def call(request):
    name, arguments = request["params"]["name"], request["params"].get("arguments", {})
    token = request["params"].get("_meta", {}).get("progressToken")
    if name == "dies":
        sys.stderr.write("the paper has run out\n")
        sys.stderr.flush()
        sys.exit(3)
    elif name == "giant":
        forever("x" * 65536)
    elif name == "wait":
        answers["waiting"] = request["id"]
        notify("notifications/progress", {"progressToken": token, "progress": 1})
    elif name == "cancellations":
        text(request, json.dumps([reason for reason in cancelled]))
    elif name == "progress":
        for step in range(1, 4):
            notify("notifications/progress", {"progressToken": token, "progress": step, "total": 3, "message": f"step {step}"})
        text(request, "done")
    elif name == "grow":
        answers["grown"] = True
        text(request, "grown")
        notify("notifications/tools/list_changed")
    elif name == "environment":
        text(request, json.dumps({"env": dict(os.environ), "cwd": os.getcwd(), "pid": os.getpid(), "arguments": sys.argv[2:]}))
    elif name in ("family", "stubborn"):
        child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        text(request, json.dumps({"pid": os.getpid(), "child": child.pid}))
    elif name == "asks":
        answers["asked_by"] = request
        params = {"messages": [], "maxTokens": 1}
        send({"id": "s", "method": "sampling/createMessage", "params": params})
        send({"id": "r", "method": "roots/list"})
        schema = {"type": "object", "properties": {}}
        send({"id": "e", "method": "elicitation/create", "params": {"message": "Really?", "requestedSchema": schema}})
        send({"id": "p", "method": "ping"})
    elif name == "refuses":
        send({"id": request["id"], "error": {"code": -32602, "message": "there is no such thing"}})
    elif name == "huge":
        text(request, "x" * 1_000_000)
    else:
        text(request, f"{name} {json.dumps(arguments)}")


def greet(request):
    if MANNER == "silent":
        return
    if MANNER == "garbage":
        sys.stdout.write("Starting up!\n\n[info] {not json\n\x00\xff\n")
        sys.stdout.flush()
    if MANNER == "from-the-future":
        version = "2999-01-01"
    else:
        version = request["params"]["protocolVersion"]
    if MANNER == "unfriendly":
        return send({"id": request["id"], "error": {"code": -32000, "message": "not today"}})
    if MANNER == "nonsense":
        return send({"id": request["id"], "result": {"hello": "world"}})
    capabilities = {} if MANNER == "no-tools" else {"tools": {"listChanged": True}}
    server = {"name": "scripted", "version": "1"}
    send({"id": request["id"], "result": {"protocolVersion": version, "capabilities": capabilities, "serverInfo": server}})


if MANNER == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if MANNER == "gone-at-once":
    sys.stderr.write("no licence found\n")
    sys.exit(7)

for line in sys.stdin:
    message = json.loads(line)
    method = message.get("method")
    if method == "initialize":
        greet(message)
    elif method == "tools/list":
        list_tools(message)
    elif method == "tools/call":
        call(message)
    elif method == "notifications/cancelled":
        cancelled.append(message["params"].get("reason"))
    elif method is None and "asked_by" in answers:
        answers[message["id"]] = message.get("result", message.get("error"))
        if all(key in answers for key in "srep"):
            text(answers["asked_by"], json.dumps({key: answers[key] for key in "srep"}))

if MANNER == "stubborn":
    while True:
        time.sleep(600)
if MANNER == "diary":
    with open(sys.argv[2], "w") as diary:
        diary.write("the input was closed")
