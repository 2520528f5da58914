/** Small good objects that tests change for the worse. */
export const template = {
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "c", image: "web:1" }] },
};

export const pod = { metadata: { name: "web", namespace: "default" }, spec: template.spec };

export const deployment = {
  metadata: { name: "web", namespace: "default" },
  spec: { selector: { matchLabels: { app: "web" } }, template },
};

export const service = {
  metadata: { name: "web", namespace: "default" },
  spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
};

export function podWith(container: object, spec: object = {}): object {
  return { ...pod, spec: { ...spec, containers: [{ name: "c", image: "web:1", ...container }] } };
}
