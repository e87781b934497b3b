// Validates the manifests in deploy/kubernetes against the schemas of Kubernetes and of the Prometheus operator, and
// what they say to each other: names, labels, ports, times.
//
// usage: node validate.mjs DIRECTORY    the directory with the manifests
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { DaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Service } from "kubernetes-models/v1/Service";
import { parse, parseAllDocuments } from "yaml";

const MODELS = { ConfigMap, DaemonSet, Deployment, Service, ServiceMonitor };

function seconds(text) {
  const [, number, unit] = text.match(/^(\d+)(s|m)$/);
  return Number(number) * (unit === "m" ? 60 : 1);
}

function validated(document, file) {
  const Model = MODELS[document.kind];
  assert.ok(Model, `${file}: no schema for kind ${document.kind}`);
  try {
    new Model(document).validate();
  } catch (error) {
    assert.fail(`${file}: ${document.kind} ${document.metadata?.name}: ${error.message}`);
  }
  return document;
}

const directory = process.argv[2];
const all = readdirSync(directory)
  .filter((file) => file.endsWith(".yaml"))
  .flatMap((file) =>
    parseAllDocuments(readFileSync(join(directory, file), "utf8")).map((each) => {
      assert.deepEqual(each.errors, [], file);
      return validated(each.toJS(), file);
    }),
  );
assert.deepEqual([...new Set(all.map((each) => each.kind))].sort(), Object.keys(MODELS).sort());

assert.throws(() => validated({ apiVersion: "apps/v1", kind: "Deployment", metadata: {}, spec: { replicas: "two" } }, "planted"));

const named = (kind, name) => all.find((each) => each.kind === kind && each.metadata.name === name);
for (const workload of all.filter((each) => each.kind === "Deployment" || each.kind === "DaemonSet")) {
  const { spec } = workload.spec.template;
  const [container] = spec.containers;
  assert.deepEqual(workload.spec.selector.matchLabels, workload.spec.template.metadata.labels);
  assert.equal(spec.securityContext.runAsNonRoot, true);
  assert.equal(container.securityContext.readOnlyRootFilesystem, true);
  assert.deepEqual(container.securityContext.capabilities.drop, ["ALL"]);
  assert.equal(container.readinessProbe.httpGet.path, "/readyz");
  assert.equal(container.livenessProbe.httpGet.path, "/healthz");
  const volume = spec.volumes.find((each) => each.name === container.volumeMounts[0].name);
  const configuration = parse(named("ConfigMap", volume.configMap.name).data["lastbyte.yaml"]);
  const wait = seconds(configuration["shutdown-delay"] ?? "0s") + seconds(configuration.drain);
  assert.ok(spec.terminationGracePeriodSeconds > wait, `${workload.metadata.name} is killed before its drain is over`);
  const metrics = Number(configuration.metrics.listen.split(":").at(-1));
  const asked = container.readinessProbe.httpGet.port;
  assert.equal(asked === "metrics" ? container.ports.find((each) => each.name === "metrics").containerPort : asked, metrics);
}
const service = named("Service", "lastbyte");
assert.deepEqual(service.spec.selector, named("Deployment", "lastbyte").spec.selector.matchLabels);
const monitor = named("ServiceMonitor", "lastbyte");
assert.deepEqual(monitor.spec.selector.matchLabels, service.metadata.labels);
assert.ok(service.spec.ports.some((each) => each.name === monitor.spec.endpoints[0].port));
console.log(`${all.length} manifests are valid`);
