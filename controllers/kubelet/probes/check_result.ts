/** How one look at a container came out; `message` says what is wrong, `warning` what is odd about a yes. */
export type CheckResult =
  | { readonly ok: true; readonly warning?: string }
  | { readonly ok: false; readonly message: string };
