/** Where the suite's program is. d8s neither ships nor builds it. */

export async function findSuite(given?: string): Promise<string> {
  const places = [given, ...inPath("e2e.test"), `${Deno.env.get("HOME")}/.cache/d8s-conformance/e2e.test`];
  for (const place of places) {
    if (place && await isFile(place)) return place;
  }
  throw new Error(
    `the official suite, e2e.test of Kubernetes v1.36, is not at ${places.filter(Boolean).join(", ")}.\n` +
      `Build it once with Go 1.26 (about ten minutes): in a folder with a go.mod that requires k8s.io/kubernetes v1.36.3\n` +
      `(with a replace line to v0.36.3 for each k8s.io staging module that its go.mod names), run\n` +
      `  CGO_ENABLED=0 go test -c -o ~/.cache/d8s-conformance/e2e.test k8s.io/kubernetes/test/e2e\n` +
      `or name it with --suite PATH.`,
  );
}

function inPath(name: string): string[] {
  return (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/${name}`);
}

function isFile(path: string): Promise<boolean> {
  return Deno.stat(path).then((stat) => stat.isFile, () => false);
}
