/** OpenAPI v2 and v3 of everything that is served. */
export { besides, type OpenApiV2Part, openApiV2Part } from "./v2.ts";
export { type EncodedPart, type OpenApiV2Form, openApiV2Json, openApiV2Protobuf } from "./v2_forms.ts";
export { openApiV3Bytes, openApiV3Protobuf } from "./gnostic_v3.ts";
export { openApiV3, openApiV3Index } from "./v3.ts";
export { type Describe, installedDescriptions, type TypeDescription } from "./descriptions.ts";
