/** Options of the commands that connect to a cluster. */
import { existsSync } from 'node:fs';
import { type connectionRows, type FlagValues, parseAddress } from '../../entries/command.node.js';
import type { NatsOptions } from '../../entries/executors.node.js';
import { EwaldError } from '../../entries/index.node.js';
import type { serverRows } from './server-rows.js';

type ClusterFlags = FlagValues<typeof serverRows>;

/** Credentials from the flags, otherwise from the environment; the two are never mixed. */
function credentialsOf({ token, creds }: Pick<ClusterFlags, 'token' | 'creds'>): Pick<NatsOptions, 'token' | 'creds'> {
  if (token !== undefined || creds !== undefined)
    return { ...(token !== undefined && { token }), ...(creds !== undefined && { creds }) };
  const { EWALD_NATS_TOKEN, EWALD_NATS_CREDS } = process.env;
  return { ...(EWALD_NATS_TOKEN && { token: EWALD_NATS_TOKEN }), ...(EWALD_NATS_CREDS && { creds: EWALD_NATS_CREDS }) };
}

/** The address and options from the flags and the environment. */
export function clusterOf(flags: ClusterFlags): {
  readonly url: string;
  /** The address without credentials, for printing. */
  readonly address: string;
  readonly options: NatsOptions;
} {
  const url = flags.connect ?? process.env.EWALD_NATS;
  if (!url) throw new EwaldError('Argument', 'no server given: pass --connect nats://host:4222 or set EWALD_NATS');
  return {
    url,
    // An invalid address is reported when the connection is made.
    address: parseAddress(url)?.address ?? url,
    options: connectionOf(flags),
  };
}

/** Connection options from the flags and the environment. */
export function connectionOf(flags: FlagValues<typeof connectionRows>): NatsOptions {
  const files = { ca: flags.tlsCa, cert: flags.tlsCert, key: flags.tlsKey };
  for (const [what, file] of Object.entries(files))
    if (file !== undefined && !existsSync(file))
      throw new EwaldError('Argument', `--tls-${what} is "${file}": the file does not exist`);
  const named = Object.fromEntries(Object.entries(files).filter(([, file]) => file !== undefined));
  const tls = Object.keys(named).length > 0 ? named : flags.tls ? (true as const) : undefined;
  return {
    ...(flags.cluster !== undefined && { cluster: flags.cluster }),
    ...credentialsOf(flags),
    ...(tls !== undefined && { tls }),
  };
}
