/** How one look at a container came out; `message` says what is wrong. */
export type CheckResult = { readonly ok: true } | { readonly ok: false; readonly message: string };
