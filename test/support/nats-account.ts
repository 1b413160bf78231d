/** A nats-server that only accepts signed claims: an operator, an account, and a user of it. */
import { nkeys } from '@nats-io/nats-core';

type KeyPair = ReturnType<typeof nkeys.createUser>;

const encoded = (data: string | Uint8Array): string => Buffer.from(data as string).toString('base64url');

/** Claims about `subject`, signed by `issuer`. */
function signed(issuer: KeyPair, subject: KeyPair, name: string, claims: object): string {
  const body = {
    jti: name,
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name,
    nats: { ...claims, version: 2 },
  };
  const text = `${encoded('{"typ":"JWT","alg":"ed25519-nkey"}')}.${encoded(JSON.stringify(body))}`;
  return `${text}.${encoded(issuer.sign(new TextEncoder().encode(text)))}`;
}

/** The configuration of the server, and the credentials files of its user and of an unknown user. */
export function natsAccount(): { readonly config: string; readonly creds: string; readonly stranger: string } {
  const [operator, system, account] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createAccount()];
  const free = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const name = system.getPublicKey();
  const config = [
    `operator: ${signed(operator, operator, 'operator', { type: 'operator', system_account: name })}`,
    `system_account: ${name}`,
    'resolver: MEMORY',
    'resolver_preload: {',
    `  ${name}: ${signed(operator, system, 'system', { type: 'account', limits: free })}`,
    `  ${account.getPublicKey()}: ` + `${signed(operator, account, 'beamline', { type: 'account', limits: free })}`,
    '}',
  ].join('\n');
  const credsBy = (issuer: KeyPair): string => {
    const user = nkeys.createUser();
    const claims = { type: 'user', subs: -1, data: -1, payload: -1, pub: {}, sub: {} };
    const jwt = signed(issuer, user, 'ewald', claims);
    const seed = new TextDecoder().decode(user.getSeed());
    return (
      `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY ` +
      `SEED-----\n${seed}\n------END USER NKEY SEED------\n`
    );
  };
  return { config, creds: credsBy(account), stranger: credsBy(nkeys.createAccount()) };
}
