/**
 * How long a container's last words may be: 12 KiB are for all of a pod together, and each has an equal part of them. Pure.
 *
 * Source: Kubernetes docs, "Determine the Reason for Pod Failure".
 */
import { ownContainersOf, type Pod } from "./pod.ts";

const podBytes = 12 * 1024;

/** No character is cut in two. */
export function fitMessage(pod: Pod, text: string | undefined): string | undefined {
  const room = Math.floor(podBytes / Math.max(1, ownContainersOf(pod).length));
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= room ? text : new TextDecoder().decode(bytes.subarray(0, room), { stream: true });
}
