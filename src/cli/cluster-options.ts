/** Options of commands that speak to a cluster. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { EwaldError } from '../base/errors.js';
import { parseAddress } from '../executors/nats/address.js';
import type { NatsOptions } from '../executors/nats/options.js';

/** What the shell gives. */
export interface ClusterFlags {
  readonly connect?: string;
  readonly cluster?: string;
  readonly token?: string;
  readonly creds?: string;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** Adds the options of a command that speaks to a cluster and to nothing else. */
export const withCluster = (command: Command): Command =>
  withConnection(
    command.option('--connect <url>', 'the NATS server: nats://host:4222, tls://host:4222 (or EWALD_NATS)'),
  );

/** Adds what says who asks, and how the server is reached. */
export const withConnection = (command: Command): Command =>
  command
    .option('--cluster <name>', 'name of the cluster on that server; default: ewald')
    .option('--token <text>', 'token of the server (better EWALD_NATS_TOKEN: others see what you type)')
    .option('--creds <file>', 'credentials file, as nsc generate creds writes it (or EWALD_NATS_CREDS)')
    .option('--tls', "TLS with the system's certificates")
    .option('--tls-ca <file>', 'certificate of the authority, PEM')
    .option('--tls-cert <file>', 'own certificate, PEM')
    .option('--tls-key <file>', 'own key, PEM');

/** Who asks, by the flags or else by the environment; a flag of one kind is not mixed with the environment's other. */
function credentialsOf({ token, creds }: Pick<ClusterFlags, 'token' | 'creds'>): Pick<NatsOptions, 'token' | 'creds'> {
  if (token !== undefined || creds !== undefined)
    return { ...(token !== undefined && { token }), ...(creds !== undefined && { creds }) };
  const { EWALD_NATS_TOKEN, EWALD_NATS_CREDS } = process.env;
  return { ...(EWALD_NATS_TOKEN && { token: EWALD_NATS_TOKEN }), ...(EWALD_NATS_CREDS && { creds: EWALD_NATS_CREDS }) };
}

/** The address and options that the flags and the environment say. */
export function clusterOf(flags: ClusterFlags): {
  readonly url: string;
  /** The same without credentials, to be printed. */
  readonly address: string;
  readonly options: NatsOptions;
} {
  const url = flags.connect ?? process.env.EWALD_NATS;
  if (!url) throw new EwaldError('Argument', 'which server? give --connect nats://host:4222 or set EWALD_NATS');
  return {
    url,
    // An address that is none is refused, and shown, by whoever connects.
    address: parseAddress(url)?.address ?? url,
    options: connectionOf(flags),
  };
}

/** Options of a connection that the flags and the environment say. */
export function connectionOf(flags: Omit<ClusterFlags, 'connect'>): NatsOptions {
  const files = { ca: flags.tlsCa, cert: flags.tlsCert, key: flags.tlsKey };
  for (const [what, file] of Object.entries(files))
    if (file !== undefined && !existsSync(file))
      throw new EwaldError('Argument', `--tls-${what} is "${file}": there is no such file`);
  const named = Object.fromEntries(Object.entries(files).filter(([, file]) => file !== undefined));
  const tls = Object.keys(named).length > 0 ? named : flags.tls ? (true as const) : undefined;
  return {
    ...(flags.cluster !== undefined && { cluster: flags.cluster }),
    ...credentialsOf(flags),
    ...(tls !== undefined && { tls }),
  };
}
