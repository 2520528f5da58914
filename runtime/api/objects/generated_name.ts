/** `metadata.generateName`: a prefix and five characters that spell no words. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
const longestName = 63;

export function generatedName(prefix: string, random: () => number): string {
  let suffix = "";
  for (let i = 0; i < suffixLength; i++) suffix += alphabet[Math.floor(random() * alphabet.length)];
  return prefix.slice(0, longestName - suffixLength) + suffix;
}
