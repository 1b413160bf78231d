/**
 * Addresses of NATS servers, with what the tools of NATS let stand in them: `nats://user:password@host`,
 * `nats://token@host`.
 */

/** What an address says. */
export interface NatsAddress {
  /** The address without a name, a password or a token: what messages may show. */
  readonly address: string;
  readonly credentials: { readonly token?: string; readonly user?: string; readonly password?: string };
}

/** Parses an address; undefined if it is invalid. */
export function parseAddress(url: unknown): NatsAddress | undefined {
  const [, scheme, rest = ''] = typeof url === 'string' ? (/^(nats|tls|ws|wss):\/\/([^/].*)$/.exec(url) ?? []) : [];
  if (scheme === undefined) return undefined;
  try {
    // Engines look at ports of schemes they know only.
    const { username, password } = new URL(`https://${rest}`);
    const [user, secret] = [username, password].map(decodeURIComponent);
    const address = `${scheme}://${rest.replace(/^[^/]*@/, '')}`;
    if (!user) return { address, credentials: {} };
    return { address, credentials: secret ? { user, password: secret } : { token: user } };
  } catch {
    return undefined;
  }
}
