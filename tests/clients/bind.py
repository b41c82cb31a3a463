"""Starts a bind, reads it and meets a refusal, by the client that was generated from the API's own description."""

import json
import sys

from enlace_client import AuthenticatedClient
from enlace_client.api.workflows import workflows_show as show, workflows_start as start
from enlace_client.models import Start
from enlace_client.types import UNSET

base, token = sys.argv[1:]
client = AuthenticatedClient(base_url=base, token=token)

asked = Start.from_dict({"kind": "bind", "payload": {"id_porta_atendimento": 812, "id_cliente_servico": 4411}})
begun = start.sync(client=client, body=asked, idempotency_key="pedido 8812")
again = start.sync(client=client, body=asked, idempotency_key="pedido 8812")
assert begun.id == again.id, "the same key is the same work"
seen = show.sync(id=begun.id, client=client)
assert seen.kind == "bind" and seen.payload.to_dict()["id_porta_atendimento"] == 812, seen

wrong = Start.from_dict({"kind": "bind", "payload": {"id_porta_atendimento": 812}})
answer = start.sync_detailed(client=client, body=wrong)
problem = answer.parsed
assert problem.detail_pt is not UNSET and problem.help_.startswith("/api/v1/problems/"), problem
print(json.dumps({"id": str(begun.id), "status": seen.status, "refused": int(answer.status_code), "field": problem.field}))
