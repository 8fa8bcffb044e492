"""The steps of a user of pyeodh: list, deploy, update, execute, wait, results, logs, dismiss, undeploy.

usage: pyeodh-client.py PORT WORKSPACE TOKEN CWL_FILE INPUTS_JSON
"""

import json
import sys
import time

import pyeodh
import requests

port, workspace, token, document, inputs = sys.argv[1:6]
# pyeodh wants a host that is named like the hub's; as user information without a password it harms nothing.
ades = pyeodh.Client(base_url=f"http://test.@127.0.0.1:{port}", username=workspace, token=token).get_ades()
cwl = open(document).read()
found = {"before": [process.id for process in ades.get_processes()]}

process = ades.deploy_process(cwl_yaml=cwl)
found["deployed"] = [process.id, process.version]
try:
    ades.deploy_process(cwl_yaml=cwl)
except requests.HTTPError as error:
    found["twice"] = [error.response.status_code, error.response.headers["Location"].rsplit("/", 1)[-1]]
process.update(cwl_yaml=cwl)

job = process.execute(json.loads(inputs))
seen = {job.status}
deadline = time.monotonic() + 120
while job.status == "running" and time.monotonic() < deadline:
    time.sleep(0.2)
    job.refresh()
    seen.add(job.status)
found["statuses"] = sorted(seen)
headers = {"Authorization": f"Bearer {token}"}
found["items"] = {}
for item in job.get_result_items():
    found["items"][item.id] = {key: requests.get(asset.href, headers=headers).text for key, asset in item.assets.items()}
found["logs"] = {link.title: requests.get(link.href, headers=headers).status_code for link in job.links if link.rel == "related"}

for _ in range(11):
    process.execute(json.loads(inputs))
# Follows `next`, with its limit twice.
found["jobs"] = len({one.id for one in ades.get_jobs(limit=5)})
second = process.execute(json.loads(inputs))
second.delete()
found["dismissed"] = second.status
empty = process.execute({})
found["withoutInputs"] = empty.status
empty.delete()
found["deleted"] = empty.status
job.delete()
found["left"] = job.id in [one.id for one in ades.get_jobs()]
process.delete()
found["after"] = [one.id for one in ades.get_processes()]
print(json.dumps(found))
