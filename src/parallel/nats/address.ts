/**
 * Addresses of NATS servers, including the credentials that the NATS tools allow in them:
 * `nats://user:password@host`, `nats://token@host`.
 */

/** The contents of an address. */
interface NatsAddress {
  /** The address without user, password and token, which may be shown in messages. */
  readonly address: string;
  readonly credentials: { readonly token?: string; readonly user?: string; readonly password?: string };
}

/** Parses an address; undefined if it is invalid. */
export function parseAddress(url: unknown): NatsAddress | undefined {
  const [, scheme, rest = ''] = typeof url === 'string' ? (/^(nats|tls|ws|wss):\/\/([^/].*)$/.exec(url) ?? []) : [];
  if (scheme === undefined) return undefined;
  try {
    // Engines only check the ports of schemes that they know.
    const { username, password } = new URL(`https://${rest}`);
    // What seems a path or a fragment is the rest of a password.
    if (!username && rest.includes('@')) return undefined;
    const [user, secret] = [username, password].map(decodeURIComponent);
    const address = `${scheme}://${rest.replace(/^[^/]*@/, '')}`;
    if (!user) return { address, credentials: {} };
    return { address, credentials: secret ? { user, password: secret } : { token: user } };
  } catch {
    return undefined;
  }
}
