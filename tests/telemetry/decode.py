"""Decodes OTLP requests with the official package, which shares no code with what made them, and prints their spans."""

import json
import sys

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def value(of):
    return getattr(of, of.WhichOneof("value"))


def attributes(of):
    return {pair.key: value(pair.value) for pair in of}


spans = []
for name in sys.argv[1:]:
    request = ExportTraceServiceRequest()
    with open(name, "rb") as file:
        request.ParseFromString(file.read())
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                spans.append({
                    "service": attributes(resource.resource.attributes).get("service.name"),
                    "scope": scope.scope.name,
                    "trace": span.trace_id.hex(),
                    "id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "name": span.name,
                    "kind": span.kind,
                    "began": span.start_time_unix_nano,
                    "ended": span.end_time_unix_nano,
                    "status": span.status.code,
                    "attributes": attributes(span.attributes),
                })
json.dump(spans, sys.stdout)
