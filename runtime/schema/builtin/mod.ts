export { structNamed, structNames } from "./link.ts";
export { optionalResources, resourcesNamed } from "./optional.ts";
export { builtinResources, typeOf } from "./resources.ts";
