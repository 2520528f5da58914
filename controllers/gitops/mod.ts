/** The folder of manifests: files -> objects. */
export * from "./gitops.ts";
export * from "./manifest_file.ts";
