/** Whether a text can be the name of an image. Source: the distribution project's grammar of references. Pure. */

const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const host = "(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|" +
  "\\[[a-fA-F0-9:]+\\])(?::\\d+)?/)?";
const reference = new RegExp(`^${host}${part}(?:/${part})*(?::\\w[\\w.-]{0,127})?(?:@[a-z0-9]+:[a-fA-F0-9]{32,})?$`);

/** 255 characters of a repository, a tag and a digest; what is longer is not looked at. */
const maxLength = 512;

/** Why it can't, in the words that pods are told; nothing when it can. */
export function refuseImageName(image: string): string | undefined {
  if (image.length <= maxLength && reference.test(image)) return undefined;
  const why = image.length <= maxLength && /[A-Z]/.test(image) && reference.test(image.toLowerCase())
    ? "invalid reference format: repository name must be lowercase"
    : "invalid reference format";
  const shown = JSON.stringify(image);
  return `Failed to apply default image tag ${shown}: couldn't parse image name ${shown}: ${why}`;
}
