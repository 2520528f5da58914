export { structNamed, structNames } from "./link.ts";
export { builtinResources, typeOf } from "./resources.ts";
