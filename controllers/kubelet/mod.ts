/** The node agent. */
export { kubelet } from "./kubelet.ts";
export { type KubeletOptions, type KubeletServerOptions, kubeletVersion } from "./options.ts";
export { removePods } from "./remove_pods.ts";
