/** An IPv4 of this machine that other machines could reach too, as pods have them. */
export function ownAddress(): string {
  const found = Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !/^(127|169\.254|0)\./.test(address)
  );
  if (!found) throw new Error("this machine has no address but its loopback's");
  return found.address;
}
