"""What scripts do all day with Python's client: objects, patches, watches, logs, exec and custom resources.

Prints a line for each thing that went as it should; anything else is an exception.
"""
import json
import sys

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream

config.load_kube_config(sys.argv[1])
core = client.CoreV1Api()
apps = client.AppsV1Api()
namespace = "default"


def objects():
    made = core.create_namespaced_config_map(
        namespace, client.V1ConfigMap(metadata=client.V1ObjectMeta(name="settings", labels={"app": "py"}), data={"a": "1"})
    )
    events = watch.Watch().stream(
        core.list_namespaced_config_map, namespace, resource_version=made.metadata.resource_version, timeout_seconds=20
    )
    core.patch_namespaced_config_map("settings", namespace, {"data": {"b": "2"}})
    core.delete_namespaced_config_map("settings", namespace)
    seen = []
    for event in events:
        if event["object"].metadata.name == "settings":
            seen.append(event["type"])
        if event["type"] == "DELETED":
            assert event["object"].data == {"a": "1", "b": "2"}
            break
    assert seen == ["MODIFIED", "DELETED"], seen
    try:
        core.read_namespaced_config_map("settings", namespace)
        raise AssertionError("it is still there")
    except ApiException as refusal:
        assert refusal.status == 404 and '"reason":"NotFound"' in refusal.body, refusal
    print("objects")


def pods():
    labels = {"app": "sleeper"}
    container = client.V1Container(
        name="main",
        image="d8s.local/deno:1",
        args=["eval", "console.log('awake'); setInterval(() => {}, 1000)"],
    )
    apps.create_namespaced_deployment(
        namespace,
        client.V1Deployment(
            metadata=client.V1ObjectMeta(name="sleeper"),
            spec=client.V1DeploymentSpec(
                selector=client.V1LabelSelector(match_labels=labels),
                template=client.V1PodTemplateSpec(
                    metadata=client.V1ObjectMeta(labels=labels),
                    spec=client.V1PodSpec(containers=[container], termination_grace_period_seconds=1),
                ),
            ),
        ),
    )
    waiting = watch.Watch()
    for event in waiting.stream(core.list_namespaced_pod, namespace, label_selector="app=sleeper", timeout_seconds=60):
        name = event["object"].metadata.name
        if event["object"].status.phase == "Running":
            waiting.stop()
    for line in watch.Watch().stream(core.read_namespaced_pod_log, name, namespace, follow=True):
        assert line == "awake", line
        break
    said = stream(
        core.connect_get_namespaced_pod_exec, name, namespace,
        command=["deno", "eval", "console.log(6 * 7); console.error('also'); Deno.exit(3)"],
        stdout=True, stderr=True, stdin=False, tty=False, _preload_content=False,
    )
    said.run_forever(timeout=30)
    assert (said.read_stdout(), said.read_stderr(), said.returncode) == ("42\n", "also\n", 3)
    apps.delete_namespaced_deployment("sleeper", namespace, propagation_policy="Foreground")
    print("pods")


def custom_resources():
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    names = {"plural": "boxes", "singular": "box", "kind": "Box"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    client.ApiextensionsV1Api().create_custom_resource_definition({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "boxes.py.example.com"},
        "spec": {"group": "py.example.com", "scope": "Namespaced", "names": names, "versions": [version]},
    })
    definitions = watch.Watch()
    listing = client.ApiextensionsV1Api().list_custom_resource_definition
    for event in definitions.stream(listing, field_selector="metadata.name=boxes.py.example.com", timeout_seconds=20):
        conditions = event["object"].status.conditions or []
        if any(c.type == "Established" and c.status == "True" for c in conditions):
            definitions.stop()
    boxes = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="py.example.com/v1", kind="Box")
    body = {"apiVersion": "py.example.com/v1", "kind": "Box", "metadata": {"name": "one"}, "spec": {"size": 1}}
    assert boxes.create(body=body, namespace=namespace).metadata.generation == 1
    patched = boxes.patch(
        name="one", namespace=namespace, body={"spec": {"size": 2}}, content_type="application/merge-patch+json"
    )
    assert patched.spec.size == 2 and patched.metadata.generation == 2
    text = json.dumps({**body, "spec": {"size": 3}})
    applied = boxes.server_side_apply(
        name="one", namespace=namespace, body=text, field_manager="py", force_conflicts=True
    )
    assert applied.spec.size == 3
    assert [box.metadata.name for box in boxes.get(namespace=namespace).items] == ["one"]
    try:
        boxes.create(body={**body, "metadata": {"name": "bad"}, "spec": {"size": "big"}}, namespace=namespace)
        raise AssertionError("a size of letters was believed")
    except ApiException as refusal:
        assert refusal.status == 422 and b"must be of type integer" in refusal.body, refusal
    print("custom resources")


objects()
pods()
custom_resources()
