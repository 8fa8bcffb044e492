"""Validates an RO-Crate with the reference validator, for which our copy of the terms stands for the two contexts: no network.

usage: validate.py CRATE PROFILE...     prints a line per issue; exits with 1 where there is one
"""
import io
import json
import pathlib
import sys
import urllib.request
import urllib.response
from email.message import Message

import requests
from rocrate_validator import models, services

CONTEXT = (pathlib.Path(__file__).parent / "context.json").read_bytes()


class Fixture(requests.adapters.BaseAdapter):
    def send(self, request, **_kwargs):
        response = requests.Response()
        response.status_code = 200 if request.url.endswith("/context") else 404
        response._content = CONTEXT if response.status_code == 200 else b""
        response.headers["Content-Type"] = "application/ld+json"
        response.url = request.url
        response.request = request
        return response

    def close(self):
        pass


class Opener(urllib.request.HTTPSHandler):
    def https_open(self, request):
        headers = Message()
        headers["Content-Type"] = "application/ld+json"
        response = urllib.response.addinfourl(io.BytesIO(CONTEXT), headers, request.full_url, 200)
        response.msg = "OK"
        return response


# Both ways by which the validator and its JSON-LD parser fetch.
requests.Session.get_adapter = lambda self, url: Fixture()
urllib.request.install_opener(urllib.request.build_opener(Opener))


def main(crate, profiles):
    known = {term for term in json.loads(CONTEXT)["@context"]}
    graph = json.loads((pathlib.Path(crate) / "ro-crate-metadata.json").read_text())["@graph"]
    unknown = {name for entity in graph for name in entity if not name.startswith("@") and name not in known}
    issues = [f"terms without a definition: {sorted(unknown)}"] if unknown else []
    for profile in profiles:
        settings = services.ValidationSettings(
            rocrate_uri=crate, profile_identifier=profile, requirement_severity=models.Severity.REQUIRED, no_cache=True
        )
        result = services.validate(settings)
        issues += [f"{profile}: {issue.check.identifier}: {issue.message}" for issue in result.get_issues()]
    print("\n".join(issues) or "accepted")
    return 1 if issues else 0


sys.exit(main(sys.argv[1], sys.argv[2:]))
