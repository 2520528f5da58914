/** OpenAPI v2 and v3 of everything that is served. */
export { type OpenApiV2, openApiV2, openApiV2MediaTypes } from "./v2.ts";
export { openApiV2Protobuf } from "./gnostic_v2.ts";
export { openApiV3Bytes, openApiV3Protobuf } from "./gnostic_v3.ts";
export { openApiV3, openApiV3Index } from "./v3.ts";
export { type Describe, installedDescriptions, type TypeDescription } from "./descriptions.ts";
