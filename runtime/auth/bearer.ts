/** The token of an `Authorization: Bearer TOKEN` header (RFC 6750), or nothing. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+)\s*$/i.exec(authorization ?? "")?.[1];
}
