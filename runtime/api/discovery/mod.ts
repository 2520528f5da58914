/** What is served, told to clients: the legacy documents and the aggregated ones. */
export { apiGroup, apiGroupList, apiResourceList, apiVersions } from "./legacy.ts";
export { aggregatedDiscovery, discoveryMediaType, type DiscoveryVersion } from "./aggregated.ts";
export { entityTag } from "./entity_tag.ts";
export { compareVersions, type GroupVersions, groupVersionsOf } from "./priority.ts";
