/** The container engine behind one interface, and the images that d8s makes itself. */
export * from "./engine.ts";
export { dockerEngine } from "./docker/docker_engine.ts";
export { denoImage, ensureDenoImage, ensurePauseImage, pauseImage } from "./images/own_images.ts";
export { type LoadedArchive, loadImageFolder } from "./images/image_folder.ts";
export { type Architecture, pauseElf } from "./images/pause_elf.ts";
