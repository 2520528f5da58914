/** Every function that an expression in Kubernetes may call. */
import { FunctionTable } from "../overload.ts";
import { authorizerFunctions } from "./authorizer.ts";
import { listFunctions } from "./lists.ts";
import { mathFunctions } from "./math.ts";
import { formatFunctions } from "./named_format.ts";
import { networkFunctions } from "./network.ts";
import { optionalFunctions } from "./optional.ts";
import { quantityFunctions } from "./quantity.ts";
import { regexFunctions } from "./regex.ts";
import { semverFunctions } from "./semver.ts";
import { standardFunctions } from "./standard.ts";
import { stringFunctions } from "./strings.ts";
import { urlFunctions } from "./url.ts";

export const kubernetesFunctions = new FunctionTable([
  ...standardFunctions,
  ...stringFunctions,
  ...listFunctions,
  ...regexFunctions,
  ...mathFunctions,
  ...optionalFunctions,
  ...quantityFunctions,
  ...networkFunctions,
  ...urlFunctions,
  ...semverFunctions,
  ...formatFunctions,
  ...authorizerFunctions,
]);
