"""Makes full records of a CRM's events, which say only what changed: sends each event to accrue, and where accrue answers what to
ask for, asks the CRM for it and sends what that gives.

python relay_crm.py ACCRUE_URL TOKEN_FILE salesforce|hubspot CRM_URL CRM_TOKEN_FILE <events.jsonl

Each line of the input is an event or a list of them: change events of OpportunityChangeEvent, or the body of a webhook. A line of
the output says that everything of one input line is safe in accrue's log; whoever starts this again may send what came after the
last of them, or more: it counts once. Ends with an error at the first event that neither accrue nor the CRM makes a record of.
"""

import decimal
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

accrue, token_file, crm, crm_url, crm_token_file = sys.argv[1:]
tokens = {}
for address, file in [(accrue, token_file), (crm_url, crm_token_file)]:
    with open(file, encoding="utf-8") as opened:
        tokens[address] = opened.read().strip()


def plain(number):
    """A decimal as text, which accrue takes for a number."""
    return format(number, "f")


def answer(address, path, body=None):
    """Status and content; a body is posted."""
    headers = {"Authorization": f"Bearer {tokens[address]}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body, default=plain).encode()
    request = urllib.request.Request(address + path, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def asked(path, body=None):
    """What the CRM says; no amount goes through a float."""
    status, content = answer(crm_url, path, body)
    if status not in (200, 207):
        sys.exit(f"{crm} answers {path} with {status}: {content.decode(errors='replace')}")
    page = json.loads(content, parse_float=decimal.Decimal)
    if page.get("errors"):
        sys.exit(f"{crm} lacks some of what was asked for: {page['errors']}")
    return page


def records_of_salesforce(query):
    page = asked("/services/data/v62.0/query?" + urllib.parse.urlencode({"q": query}))
    records = page["records"]
    while not page["done"]:
        page = asked(page["nextRecordsUrl"])
        records += page["records"]
    return records


def records_of_hubspot(requests):
    records = []
    for request in requests.split("; POST "):
        path, _, body = request.removeprefix("POST ").partition(" ")
        records += asked(path, json.loads(body))["results"]
    return records


def send(event):
    status, content = answer(accrue, f"/v1/crm/{crm}", event)
    said = json.loads(content)
    if status == 422 and "ask" in said:
        records = records_of_salesforce(said["ask"]) if crm == "salesforce" else records_of_hubspot(said["ask"])
        # What is gone meanwhile has a deletion of its own.
        if not records:
            return
        status, content = answer(accrue, f"/v1/crm/{crm}", records)
        said = json.loads(content)
    if status != 200:
        sys.exit(f"accrue refuses: {json.dumps(said)}")


for number, line in enumerate(sys.stdin, 1):
    events = json.loads(line, parse_float=decimal.Decimal)
    # One by one: what one of them lacks holds up no other.
    for event in events if isinstance(events, list) else [events]:
        send(event)
    print(json.dumps({"line": number}), flush=True)
