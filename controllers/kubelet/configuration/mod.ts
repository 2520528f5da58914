/** What a node agent is configured with. */
export { defaultConfiguration, documentOf, type ReadConfiguration } from "./configuration.ts";
export type { NodeConfiguration } from "./document.ts";
export { msOf } from "./duration.ts";
export { kubeletConfigurationFrom } from "./file.ts";
