export { type AdmissionChoice, pluginsOn } from "./choice.ts";
export { type AdmissionSettings, admissionSettings } from "./configuration.ts";
