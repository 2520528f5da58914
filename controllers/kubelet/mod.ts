/** The node agent. */
export { kubeletConfigurationFrom } from "./configuration/mod.ts";
export { kubelet } from "./kubelet.ts";
export { type KubeletOptions, type KubeletServerOptions, kubeletVersion } from "./options.ts";
export { removePods } from "./remove_pods.ts";
