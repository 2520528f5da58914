/** A pod of about 1.2 KB that no node will run: the body of every write that is measured. */
export function samplePod(name: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "bench",
      labels: { app: "bench", "app.kubernetes.io/part-of": "bench", tier: "load" },
    },
    spec: {
      schedulerName: "nobody",
      containers: [{
        name: "main",
        image: "registry.example.com/team/bench:1.2.3",
        command: ["/bin/server", "--listen=:8080", "--log-level=info"],
        env: Array.from({ length: 8 }, (_, i) => ({ name: `SETTING_${i}`, value: `value-number-${i}` })),
        ports: [{ name: "http", containerPort: 8080 }],
        resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "128Mi" } },
        readinessProbe: { httpGet: { path: "/ready", port: "http" }, periodSeconds: 10 },
      }],
      tolerations: [{ key: "dedicated", operator: "Equal", value: "bench", effect: "NoSchedule" }],
      nodeSelector: { "kubernetes.io/os": "linux" },
    },
  });
}
